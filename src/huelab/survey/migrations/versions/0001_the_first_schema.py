"""the first schema"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this schema."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("what", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_hash")),
    )
    op.create_table(
        "survey",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey")),
    )
    op.create_table(
        "version",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("survey_id", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("lineage", sa.JSON(), nullable=False),
        sa.Column("consent", sa.JSON(), nullable=False),
        sa.Column("consent_sha256", sa.String(length=64), nullable=False),
        sa.Column("body_bytes", sa.Integer(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("launched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("results_opened", sa.JSON(), nullable=False),
        sa.CheckConstraint("state IN ('draft', 'live', 'paused', 'closed')", name=op.f("ck_version_state")),
        sa.ForeignKeyConstraint(["survey_id"], ["survey.id"], name=op.f("fk_version_survey_id_survey")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version")),
    )
    with op.batch_alter_table("version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_version_survey_id_number"), ["survey_id", "number"], unique=True)

    op.create_table(
        "export",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("version_id", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("overtaken", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name=op.f("fk_export_version_id_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export")),
    )
    op.create_table(
        "invite",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("version_id", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("cap", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name=op.f("fk_invite_version_id_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invite")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invite_token_hash")),
    )
    op.create_table(
        "stimulus",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.String(length=16), nullable=False),
        sa.Column("photo_id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("model", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("lightness_error", sa.Float(), nullable=False),
        sa.Column("provenance", sa.JSON(), nullable=False),
        sa.CheckConstraint("kind IN ('real', 'model', 'catch')", name=op.f("ck_stimulus_kind")),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name=op.f("fk_stimulus_version_id_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stimulus")),
    )
    with op.batch_alter_table("stimulus", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_stimulus_version_id_photo_id_kind_model"), ["version_id", "photo_id", "kind", "model"], unique=True
        )

    op.create_table(
        "participant",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("version_id", sa.String(length=16), nullable=False),
        sa.Column("invite_id", sa.String(length=16), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("preview", sa.Boolean(), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consent_sha256", sa.String(length=64), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("client", sa.JSON(), nullable=False),
        sa.Column("screening", sa.JSON(), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("completion_code", sa.String(length=32), nullable=False),
        sa.Column("deletion_hash", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "state IN ('invited', 'consented', 'screened', 'active', 'complete', 'withdrawn', 'expired', 'deleted')",
            name=op.f("ck_participant_state"),
        ),
        sa.ForeignKeyConstraint(["invite_id"], ["invite.id"], name=op.f("fk_participant_invite_id_invite")),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name=op.f("fk_participant_version_id_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant")),
        sa.UniqueConstraint("deletion_hash", name=op.f("uq_participant_deletion_hash")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_participant_token_hash")),
    )
    with op.batch_alter_table("participant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_participant_version_id_state"), ["version_id", "state"], unique=False)

    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_event_participant_id_participant"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_participant_id"), ["participant_id"], unique=False)

    op.create_table(
        "trial",
        sa.Column("participant_id", sa.String(length=16), nullable=False),
        sa.Column("k", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("photo_id", sa.String(length=80), nullable=False),
        sa.Column("left_id", sa.Integer(), nullable=False),
        sa.Column("right_id", sa.Integer(), nullable=True),
        sa.Column("fake_side", sa.String(length=8), nullable=False),
        sa.Column("nonce", sa.String(length=32), nullable=False),
        sa.Column("left_nonce", sa.String(length=32), nullable=False),
        sa.Column("right_nonce", sa.String(length=32), nullable=True),
        sa.Column("repeats", sa.Integer(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("exposures", sa.Integer(), nullable=False),
        sa.CheckConstraint("fake_side IN ('left', 'right', 'only', '')", name=op.f("ck_trial_fake_side")),
        sa.CheckConstraint("role IN ('practice', 'main', 'catch')", name=op.f("ck_trial_role")),
        sa.ForeignKeyConstraint(["left_id"], ["stimulus.id"], name=op.f("fk_trial_left_id_stimulus")),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_trial_participant_id_participant"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["right_id"], ["stimulus.id"], name=op.f("fk_trial_right_id_stimulus")),
        sa.PrimaryKeyConstraint("participant_id", "k", name=op.f("pk_trial")),
        sa.UniqueConstraint("left_nonce", name=op.f("uq_trial_left_nonce")),
        sa.UniqueConstraint("nonce", name=op.f("uq_trial_nonce")),
        sa.UniqueConstraint("right_nonce", name=op.f("uq_trial_right_nonce")),
    )
    op.create_table(
        "answer",
        sa.Column("participant_id", sa.String(), nullable=False),
        sa.Column("k", sa.Integer(), nullable=False),
        sa.Column("choice", sa.String(length=8), nullable=False),
        sa.Column("rt_ms", sa.Float(), nullable=True),
        sa.Column("shown_ms", sa.Float(), nullable=True),
        sa.Column("frames", sa.JSON(), nullable=False),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("choice IN ('left', 'right', 'tie', 'real', 'fake')", name=op.f("ck_answer_choice")),
        sa.ForeignKeyConstraint(
            ["participant_id", "k"], ["trial.participant_id", "trial.k"], name=op.f("fk_answer_participant_id_k_trial"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("participant_id", "k", name=op.f("pk_answer")),
    )


def downgrade() -> None:
    """Back to the one before."""
    op.drop_table("answer")
    op.drop_table("trial")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_event_participant_id"))

    op.drop_table("event")
    with op.batch_alter_table("participant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_participant_version_id_state"))

    op.drop_table("participant")
    with op.batch_alter_table("stimulus", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stimulus_version_id_photo_id_kind_model"))

    op.drop_table("stimulus")
    op.drop_table("invite")
    op.drop_table("export")
    with op.batch_alter_table("version", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_version_survey_id_number"))

    op.drop_table("version")
    op.drop_table("survey")
    op.drop_table("audit")
