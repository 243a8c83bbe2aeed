ALTER TABLE "booking_letters" ADD COLUMN "trace" text;--> statement-breakpoint
ALTER TABLE "bookings" ADD COLUMN "trace" text;