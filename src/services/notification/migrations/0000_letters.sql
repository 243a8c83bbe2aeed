CREATE TABLE "letters" (
	"id" uuid PRIMARY KEY NOT NULL,
	"key" text NOT NULL,
	"user_id" uuid NOT NULL,
	"email" text NOT NULL,
	"kind" text NOT NULL,
	"order_id" uuid,
	"amount" bigint NOT NULL,
	"subject" text NOT NULL,
	"body" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "letters_key" UNIQUE("key"),
	CONSTRAINT "letters_kind" CHECK ("letters"."kind" in ('ORDER_APPROVED', 'ORDER_REJECTED', 'ORDER_CANCELLED', 'ORDER_REPRICED', 'DEPOSIT')),
	CONSTRAINT "letters_amount" CHECK ("letters"."amount" between 1 and 9007199254740991)
);
--> statement-breakpoint
CREATE INDEX "letters_by_user" ON "letters" USING btree ("user_id","id");--> statement-breakpoint
CREATE INDEX "letters_by_order" ON "letters" USING btree ("order_id","id");