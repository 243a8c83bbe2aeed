ALTER TABLE "booking_letters" DROP CONSTRAINT "booking_letters_booking_id_bookings_id_fk";
--> statement-breakpoint
ALTER TABLE "bookings" DROP CONSTRAINT "bookings_offer_id_offers_id_fk";
--> statement-breakpoint
DROP INDEX "bookings_by_offer";