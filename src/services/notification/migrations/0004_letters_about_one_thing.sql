DROP INDEX "letters_by_order";--> statement-breakpoint
CREATE INDEX "letters_by_order" ON "letters" USING btree ("order_id","id") WHERE "letters"."order_id" is not null;