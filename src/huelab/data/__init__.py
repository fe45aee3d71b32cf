"""From a folder of photographs to shards of equal pictures: reading, table, splits, store, augmentation."""
