CREATE TABLE "books_verdicts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"since" timestamp (3) with time zone,
	"duration_ms" bigint NOT NULL,
	"rows" bigint NOT NULL,
	"violations" bigint NOT NULL,
	"by_invariant" jsonb NOT NULL,
	"first" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
