ALTER TABLE "letters" DROP CONSTRAINT "letters_kind";--> statement-breakpoint
ALTER TABLE "letters" ADD COLUMN "booking_id" uuid;--> statement-breakpoint
ALTER TABLE "letters" ADD COLUMN "title" text;--> statement-breakpoint
ALTER TABLE "letters" ADD COLUMN "starts_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "letters" ADD COLUMN "time_zone" text;--> statement-breakpoint
ALTER TABLE "letters" ADD COLUMN "cancelled_by" text;--> statement-breakpoint
ALTER TABLE "letters" ADD COLUMN "because" text;--> statement-breakpoint
CREATE INDEX "letters_by_booking" ON "letters" USING btree ("booking_id","id") WHERE "letters"."booking_id" is not null;--> statement-breakpoint
ALTER TABLE "letters" ADD CONSTRAINT "letters_cancelled_by" CHECK ("letters"."cancelled_by" in ('CUSTOMER', 'COMPANY', 'OPERATOR'));--> statement-breakpoint
ALTER TABLE "letters" ADD CONSTRAINT "letters_kind" CHECK ("letters"."kind" in ('ORDER_APPROVED', 'ORDER_REJECTED', 'ORDER_CANCELLED', 'ORDER_REPRICED', 'BOOKING_PAID', 'BOOKING_REFUSED', 'BOOKING_RELEASED', 'BOOKING_CANCELLED', 'OFFER_BOOKED', 'OFFER_REFUSED', 'OFFER_RELEASED', 'OFFER_CANCELLED', 'DEPOSIT'));