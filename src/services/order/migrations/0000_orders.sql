CREATE TABLE "order_changes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"order_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"email" text,
	"kind" text NOT NULL,
	"from_price" bigint NOT NULL,
	"to_price" bigint,
	"idempotency_key" text,
	"status" text DEFAULT 'PENDING' NOT NULL,
	"request_id" text NOT NULL,
	"reason" text,
	"decided_at" timestamp (3) with time zone,
	"due_at" timestamp with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"timeline" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "order_changes_key" UNIQUE("order_id","idempotency_key"),
	CONSTRAINT "order_changes_kind" CHECK (("order_changes"."kind" = 'CANCEL') = ("order_changes"."to_price" is null)),
	CONSTRAINT "order_changes_price" CHECK ("order_changes"."to_price" between 1 and 9007199254740991),
	CONSTRAINT "order_changes_status" CHECK ("order_changes"."status" in ('PENDING', 'DONE', 'REFUSED')),
	CONSTRAINT "order_changes_pending_due" CHECK ("order_changes"."status" <> 'PENDING' or "order_changes"."due_at" is not null)
);
--> statement-breakpoint
CREATE TABLE "orders" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"price" bigint NOT NULL,
	"present_price" bigint NOT NULL,
	"description" text,
	"idempotency_key" text,
	"status" text DEFAULT 'PENDING' NOT NULL,
	"decision" text,
	"email" text,
	"request_id" text NOT NULL,
	"reason" text,
	"decided_at" timestamp (3) with time zone,
	"due_at" timestamp with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"timeline" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "orders_key" UNIQUE("user_id","idempotency_key"),
	CONSTRAINT "orders_price" CHECK ("orders"."price" between 1 and 9007199254740991),
	CONSTRAINT "orders_present_price" CHECK ("orders"."present_price" between 1 and 9007199254740991),
	CONSTRAINT "orders_status" CHECK ("orders"."status" in ('PENDING', 'APPROVED', 'REJECTED', 'CANCELLED')),
	CONSTRAINT "orders_decision" CHECK (("orders"."status" = 'PENDING') = ("orders"."decision" is null)),
	CONSTRAINT "orders_pending_due" CHECK ("orders"."status" <> 'PENDING' or "orders"."due_at" is not null)
);
--> statement-breakpoint
ALTER TABLE "order_changes" ADD CONSTRAINT "order_changes_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "order_changes_one_open" ON "order_changes" USING btree ("order_id") WHERE "order_changes"."status" = 'PENDING';--> statement-breakpoint
CREATE UNIQUE INDEX "order_changes_one_cancel" ON "order_changes" USING btree ("order_id") WHERE "order_changes"."kind" = 'CANCEL' and "order_changes"."status" <> 'REFUSED';--> statement-breakpoint
CREATE INDEX "order_changes_by_order" ON "order_changes" USING btree ("order_id","id");--> statement-breakpoint
CREATE INDEX "order_changes_due" ON "order_changes" USING btree ("due_at") WHERE "order_changes"."due_at" is not null;--> statement-breakpoint
CREATE INDEX "orders_by_user" ON "orders" USING btree ("user_id","id");--> statement-breakpoint
CREATE INDEX "orders_due" ON "orders" USING btree ("due_at") WHERE "orders"."due_at" is not null;