ALTER TABLE "order_changes" ADD COLUMN "trace" text;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "trace" text;