CREATE TABLE "retries" (
	"id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"operator" uuid NOT NULL,
	"owed_id" uuid NOT NULL,
	"idempotency_key" text,
	"request_id" text NOT NULL,
	CONSTRAINT "retries_key" UNIQUE("operator","idempotency_key")
);
--> statement-breakpoint
-- The same keys as before, with the key in front: by it alone a row is found.
ALTER TABLE "order_changes" DROP CONSTRAINT "order_changes_key";--> statement-breakpoint
ALTER TABLE "orders" DROP CONSTRAINT "orders_key";--> statement-breakpoint
ALTER TABLE "order_changes" ADD CONSTRAINT "order_changes_key" UNIQUE("idempotency_key","order_id");--> statement-breakpoint
ALTER TABLE "orders" ADD CONSTRAINT "orders_key" UNIQUE("idempotency_key","user_id");
--> statement-breakpoint
-- What operators had tried again stays written down, also when an operator has psql.
CREATE TRIGGER retries_are_final BEFORE UPDATE OR DELETE ON retries
  FOR EACH ROW EXECUTE FUNCTION refuse_act_change();
--> statement-breakpoint
CREATE TRIGGER retries_stay BEFORE TRUNCATE ON retries
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_act_change();
