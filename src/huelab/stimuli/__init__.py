"""Pictures for a survey: photographs and what colorizers make of them, through one renderer, so that colour alone tells them apart."""
