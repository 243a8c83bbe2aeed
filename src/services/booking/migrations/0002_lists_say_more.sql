ALTER TABLE "offer_terms" ADD COLUMN "price" bigint;--> statement-breakpoint
ALTER TABLE "offer_terms" ADD COLUMN "lat" double precision;--> statement-breakpoint
ALTER TABLE "offer_terms" ADD COLUMN "lng" double precision;--> statement-breakpoint
ALTER TABLE "offer_terms" ADD COLUMN "marks" bigint;
--> statement-breakpoint
-- By the same key; a search need not look into the table for what else a row says.
ALTER TABLE "offer_terms" DROP CONSTRAINT "offer_terms_key";
--> statement-breakpoint
ALTER TABLE "offer_terms" ADD CONSTRAINT "offer_terms_key"
  PRIMARY KEY ("term", "starts_at", "offer_id") INCLUDE ("price", "lat", "lng", "marks");
