CREATE TABLE "booking_letters" (
	"id" uuid PRIMARY KEY NOT NULL,
	"booking_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"user_id" uuid NOT NULL,
	"email" text,
	"company_id" uuid NOT NULL,
	"decided_at" timestamp (3) with time zone NOT NULL,
	"about" jsonb NOT NULL,
	"request_id" text NOT NULL,
	"due_at" timestamp with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"timeline" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "booking_letters_once" UNIQUE("booking_id","kind"),
	CONSTRAINT "booking_letters_kind" CHECK ("booking_letters"."kind" in ('PAID', 'REFUSED', 'RELEASED', 'CANCELLED'))
);
--> statement-breakpoint
CREATE TABLE "bookings" (
	"id" uuid PRIMARY KEY NOT NULL,
	"refund_id" uuid NOT NULL,
	"offer_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"company_id" uuid NOT NULL,
	"title" text NOT NULL,
	"price" bigint NOT NULL,
	"starts_at" timestamp (3) with time zone NOT NULL,
	"ends_at" timestamp (3) with time zone NOT NULL,
	"time_zone" text NOT NULL,
	"idempotency_key" text,
	"status" text DEFAULT 'PENDING' NOT NULL,
	"decision" text,
	"reason" text,
	"decided_at" timestamp (3) with time zone,
	"hold_until" timestamp (3) with time zone NOT NULL,
	"email" text,
	"cancelled_by" text,
	"cancel_reason" text,
	"cancelled_at" timestamp (3) with time zone,
	"completed_at" timestamp (3) with time zone,
	"request_id" text NOT NULL,
	"due_at" timestamp with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"timeline" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "bookings_key" UNIQUE("user_id","idempotency_key"),
	CONSTRAINT "bookings_price" CHECK ("bookings"."price" between 1 and 9007199254740991),
	CONSTRAINT "bookings_status" CHECK ("bookings"."status" in ('PENDING', 'PAID', 'REFUSED', 'RELEASING', 'RELEASED', 'CANCELLING', 'CANCELLED', 'COMPLETED')),
	CONSTRAINT "bookings_known_decision" CHECK ("bookings"."decision" in ('PAID', 'REFUSED', 'RELEASED')),
	CONSTRAINT "bookings_known_reason" CHECK ("bookings"."reason" in ('insufficient-funds', 'account-not-found', 'hold-over', 'offer-withdrawn')),
	CONSTRAINT "bookings_known_canceller" CHECK ("bookings"."cancelled_by" in ('CUSTOMER', 'COMPANY', 'OPERATOR')),
	CONSTRAINT "bookings_decision" CHECK ("bookings"."decision" is not distinct from case when "bookings"."status" in ('PENDING', 'RELEASING') then null when "bookings"."status" in ('REFUSED', 'RELEASED') then "bookings"."status" else 'PAID' end and ("bookings"."decision" is null) = ("bookings"."decided_at" is null)),
	CONSTRAINT "bookings_reason" CHECK (("bookings"."status" in ('REFUSED', 'RELEASING', 'RELEASED')) = ("bookings"."reason" is not null)),
	CONSTRAINT "bookings_cancelled" CHECK (("bookings"."status" in ('CANCELLING', 'CANCELLED')) = ("bookings"."cancelled_at" is not null and "bookings"."cancelled_by" is not null)),
	CONSTRAINT "bookings_completed" CHECK (("bookings"."status" = 'COMPLETED') = ("bookings"."completed_at" is not null)),
	CONSTRAINT "bookings_owing_due" CHECK (("bookings"."status" in ('PENDING', 'RELEASING', 'CANCELLING')) = ("bookings"."due_at" is not null))
);
--> statement-breakpoint
CREATE TABLE "offer_terms" (
	"term" text COLLATE "C" NOT NULL,
	"starts_at" timestamp (3) with time zone NOT NULL,
	"offer_id" uuid NOT NULL,
	CONSTRAINT "offer_terms_key" PRIMARY KEY("term","starts_at","offer_id")
);
--> statement-breakpoint
CREATE TABLE "offers" (
	"id" uuid PRIMARY KEY NOT NULL,
	"company_id" uuid NOT NULL,
	"category_id" uuid NOT NULL,
	"title" text NOT NULL,
	"description" text,
	"price" bigint NOT NULL,
	"starts_at" timestamp (3) with time zone NOT NULL,
	"ends_at" timestamp (3) with time zone NOT NULL,
	"time_zone" text NOT NULL,
	"resource" text,
	"lat" double precision,
	"lng" double precision,
	"status" text DEFAULT 'OPEN' NOT NULL,
	"booking_id" uuid,
	"cancelled_by" text,
	"cancel_reason" text,
	"cancelled_at" timestamp (3) with time zone,
	"created_by" uuid NOT NULL,
	"idempotency_key" text,
	"request_id" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "offers_key" UNIQUE("created_by","idempotency_key"),
	CONSTRAINT "offers_price" CHECK ("offers"."price" between 1 and 9007199254740991),
	CONSTRAINT "offers_time" CHECK ("offers"."starts_at" < "offers"."ends_at"),
	CONSTRAINT "offers_place" CHECK (("offers"."lat" is null) = ("offers"."lng" is null)),
	CONSTRAINT "offers_status" CHECK ("offers"."status" in ('OPEN', 'RESERVED', 'PAID', 'COMPLETED', 'CANCELLED')),
	CONSTRAINT "offers_cancelled_by" CHECK ("offers"."cancelled_by" in ('CUSTOMER', 'COMPANY', 'OPERATOR')),
	CONSTRAINT "offers_held" CHECK ("offers"."status" not in ('RESERVED', 'PAID', 'COMPLETED') or "offers"."booking_id" is not null),
	CONSTRAINT "offers_free" CHECK ("offers"."status" <> 'OPEN' or "offers"."booking_id" is null),
	CONSTRAINT "offers_cancelled" CHECK (("offers"."status" = 'CANCELLED') = ("offers"."cancelled_at" is not null and "offers"."cancelled_by" is not null))
);
--> statement-breakpoint
ALTER TABLE "booking_letters" ADD CONSTRAINT "booking_letters_booking_id_bookings_id_fk" FOREIGN KEY ("booking_id") REFERENCES "public"."bookings"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bookings" ADD CONSTRAINT "bookings_offer_id_offers_id_fk" FOREIGN KEY ("offer_id") REFERENCES "public"."offers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "booking_letters_due" ON "booking_letters" USING btree ("due_at") WHERE "booking_letters"."due_at" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "bookings_one_of_offer" ON "bookings" USING btree ("offer_id") WHERE "bookings"."status" in ('PENDING', 'PAID', 'RELEASING', 'CANCELLING', 'COMPLETED');--> statement-breakpoint
CREATE INDEX "bookings_by_user" ON "bookings" USING btree ("user_id","id");--> statement-breakpoint
CREATE INDEX "bookings_by_offer" ON "bookings" USING btree ("offer_id","id");--> statement-breakpoint
CREATE INDEX "bookings_due" ON "bookings" USING btree ("due_at") WHERE "bookings"."due_at" is not null;--> statement-breakpoint
CREATE INDEX "offers_by_start" ON "offers" USING btree ("starts_at","id");
--> statement-breakpoint
-- Two offers of one resource cannot overlap. A cancelled one is in nobody's way.
CREATE EXTENSION IF NOT EXISTS btree_gist;
--> statement-breakpoint
ALTER TABLE "offers" ADD CONSTRAINT "offers_of_a_resource" EXCLUDE USING gist
  ("company_id" WITH =, "resource" WITH =, tstzrange("starts_at", "ends_at") WITH &&)
  WHERE ("resource" IS NOT NULL AND "cancelled_at" IS NULL);
--> statement-breakpoint
-- A booking changes its offer several times: there is room for the new version on the same page.
ALTER TABLE "offers" SET (fillfactor = 80);
--> statement-breakpoint
ALTER TABLE "bookings" SET (fillfactor = 80);
--> statement-breakpoint
-- Only the edges of states.ts are ever taken, whoever tries: what was decided stays decided.
CREATE FUNCTION check_offer_edge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.status, NEW.status) NOT IN
    (('OPEN', 'RESERVED'), ('OPEN', 'CANCELLED'), ('RESERVED', 'PAID'), ('RESERVED', 'OPEN'),
     ('RESERVED', 'CANCELLED'), ('PAID', 'COMPLETED'), ('PAID', 'OPEN'), ('PAID', 'CANCELLED')) THEN
    RAISE EXCEPTION 'an offer cannot become % from %', NEW.status, OLD.status;
  END IF;
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER offers_edge BEFORE UPDATE OF status ON offers
  FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION check_offer_edge();
--> statement-breakpoint
CREATE FUNCTION check_booking_edge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.status, NEW.status) NOT IN
    (('PENDING', 'PAID'), ('PENDING', 'REFUSED'), ('PENDING', 'RELEASING'),
     ('RELEASING', 'RELEASED'), ('PAID', 'CANCELLING'), ('CANCELLING', 'CANCELLED'),
     ('PAID', 'COMPLETED')) THEN
    RAISE EXCEPTION 'a booking cannot become % from %', NEW.status, OLD.status;
  END IF;
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER bookings_edge BEFORE UPDATE OF status ON bookings
  FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION check_booking_edge();
--> statement-breakpoint
CREATE FUNCTION refuse_history_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is forbidden: answers that were given are built from it', TG_OP, TG_TABLE_NAME;
END
$$;
--> statement-breakpoint
CREATE TRIGGER offers_answers_are_final BEFORE UPDATE ON offers
  FOR EACH ROW WHEN (
    (OLD.id, OLD.company_id, OLD.category_id, OLD.title, OLD.price, OLD.starts_at, OLD.ends_at,
      OLD.time_zone, OLD.created_by, OLD.request_id, OLD.created_at) IS DISTINCT FROM
      (NEW.id, NEW.company_id, NEW.category_id, NEW.title, NEW.price, NEW.starts_at, NEW.ends_at,
      NEW.time_zone, NEW.created_by, NEW.request_id, NEW.created_at)
    OR OLD.description IS DISTINCT FROM NEW.description
    OR OLD.resource IS DISTINCT FROM NEW.resource
    OR (OLD.lat, OLD.lng) IS DISTINCT FROM (NEW.lat, NEW.lng)
    OR OLD.idempotency_key IS DISTINCT FROM NEW.idempotency_key
    -- From one booking to another the way leads over OPEN, which is free of both.
    OR (OLD.booking_id IS DISTINCT FROM NEW.booking_id AND
      (OLD.status, NEW.status) NOT IN (('OPEN', 'RESERVED'), ('RESERVED', 'OPEN'), ('PAID', 'OPEN')))
    OR (OLD.cancelled_at IS NOT NULL AND
      (OLD.cancelled_at, OLD.cancelled_by, OLD.cancel_reason) IS DISTINCT FROM
        (NEW.cancelled_at, NEW.cancelled_by, NEW.cancel_reason)))
  EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER offers_stay BEFORE DELETE ON offers
  FOR EACH ROW EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER offers_are_kept BEFORE TRUNCATE ON offers
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER offer_terms_stay BEFORE UPDATE OR DELETE ON offer_terms
  FOR EACH ROW EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER bookings_answers_are_final BEFORE UPDATE ON bookings
  FOR EACH ROW WHEN (
    (OLD.id, OLD.offer_id, OLD.user_id, OLD.company_id, OLD.title, OLD.price, OLD.starts_at,
      OLD.ends_at, OLD.time_zone, OLD.request_id, OLD.created_at, OLD.hold_until) IS DISTINCT FROM
      (NEW.id, NEW.offer_id, NEW.user_id, NEW.company_id, NEW.title, NEW.price, NEW.starts_at,
      NEW.ends_at, NEW.time_zone, NEW.request_id, NEW.created_at, NEW.hold_until)
    OR OLD.idempotency_key IS DISTINCT FROM NEW.idempotency_key
    -- The key of its refund: another one while money is still to go back, and never after that.
    OR (OLD.refund_id <> NEW.refund_id AND OLD.status NOT IN ('RELEASING', 'CANCELLING'))
    OR (OLD.reason IS NOT NULL AND OLD.reason IS DISTINCT FROM NEW.reason)
    OR (OLD.decision IS NOT NULL AND
      (OLD.decision, OLD.decided_at, OLD.reason) IS DISTINCT FROM
        (NEW.decision, NEW.decided_at, NEW.reason))
    OR (OLD.cancelled_at IS NOT NULL AND
      (OLD.cancelled_at, OLD.cancelled_by, OLD.cancel_reason) IS DISTINCT FROM
        (NEW.cancelled_at, NEW.cancelled_by, NEW.cancel_reason))
    OR (OLD.completed_at IS NOT NULL AND OLD.completed_at IS DISTINCT FROM NEW.completed_at))
  EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER bookings_stay BEFORE DELETE ON bookings
  FOR EACH ROW EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER bookings_are_kept BEFORE TRUNCATE ON bookings
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
-- A letter that is owed says the same for ever: each attempt sends it under the same key.
CREATE TRIGGER booking_letters_are_final BEFORE UPDATE ON booking_letters
  FOR EACH ROW WHEN (
    (OLD.id, OLD.booking_id, OLD.kind, OLD.user_id, OLD.company_id, OLD.decided_at, OLD.about,
      OLD.request_id) IS DISTINCT FROM
      (NEW.id, NEW.booking_id, NEW.kind, NEW.user_id, NEW.company_id, NEW.decided_at, NEW.about,
      NEW.request_id)
    OR OLD.email IS DISTINCT FROM NEW.email)
  EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER booking_letters_stay BEFORE DELETE ON booking_letters
  FOR EACH ROW EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER booking_letters_are_kept BEFORE TRUNCATE ON booking_letters
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change();
