CREATE TABLE "categories" (
	"id" uuid PRIMARY KEY NOT NULL,
	"place" integer NOT NULL,
	"name" text NOT NULL,
	"parent_id" uuid,
	"depth" integer NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "categories_count" CHECK ("categories"."place" between 1 and 500),
	CONSTRAINT "categories_depth" CHECK ("categories"."depth" between 1 and 3),
	CONSTRAINT "categories_root" CHECK (("categories"."parent_id" is null) = ("categories"."depth" = 1))
);
--> statement-breakpoint
CREATE TABLE "category_names" (
	"id" uuid PRIMARY KEY NOT NULL,
	"category_id" uuid NOT NULL,
	"is_first" boolean NOT NULL,
	"name" text NOT NULL,
	"actor" uuid NOT NULL,
	"idempotency_key" text,
	"request_id" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "companies" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"description" text,
	"address" text,
	"phone" text,
	"lat" double precision,
	"lng" double precision,
	"active" boolean NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "companies_place" CHECK (("companies"."lat" is null) = ("companies"."lng" is null))
);
--> statement-breakpoint
CREATE TABLE "company_versions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"company_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"actor" uuid NOT NULL,
	"idempotency_key" text,
	"payload" jsonb NOT NULL,
	"name" text NOT NULL,
	"description" text,
	"address" text,
	"phone" text,
	"lat" double precision,
	"lng" double precision,
	"active" boolean NOT NULL,
	"request_id" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "memberships" (
	"id" uuid PRIMARY KEY NOT NULL,
	"company_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"role" text NOT NULL,
	"name" text NOT NULL,
	"email" text NOT NULL,
	"locale" text NOT NULL,
	"joined_at" timestamp with time zone DEFAULT now() NOT NULL,
	"left_at" timestamp with time zone,
	"added_by" uuid NOT NULL,
	"removed_by" uuid,
	"idempotency_key" text,
	"request_id" text NOT NULL,
	CONSTRAINT "memberships_role" CHECK ("memberships"."role" in ('ADMIN', 'MANAGER')),
	CONSTRAINT "memberships_locale" CHECK ("memberships"."locale" in ('en', 'ru')),
	CONSTRAINT "memberships_end" CHECK ("memberships"."left_at" >= "memberships"."joined_at"),
	CONSTRAINT "memberships_removed" CHECK (("memberships"."left_at" is null) = ("memberships"."removed_by" is null))
);
--> statement-breakpoint
ALTER TABLE "categories" ADD CONSTRAINT "categories_parent" FOREIGN KEY ("parent_id") REFERENCES "public"."categories"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "category_names" ADD CONSTRAINT "category_names_category_id_categories_id_fk" FOREIGN KEY ("category_id") REFERENCES "public"."categories"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "company_versions" ADD CONSTRAINT "company_versions_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "categories_place" ON "categories" USING btree ("place");--> statement-breakpoint
CREATE UNIQUE INDEX "category_names_first_key" ON "category_names" USING btree ("actor","idempotency_key") WHERE "category_names"."is_first";--> statement-breakpoint
CREATE UNIQUE INDEX "category_names_key" ON "category_names" USING btree ("category_id","actor","idempotency_key") WHERE not "category_names"."is_first";--> statement-breakpoint
CREATE INDEX "companies_active" ON "companies" USING btree ("id") WHERE "companies"."active";--> statement-breakpoint
CREATE UNIQUE INDEX "company_versions_number" ON "company_versions" USING btree ("company_id","version");--> statement-breakpoint
CREATE UNIQUE INDEX "company_versions_first_key" ON "company_versions" USING btree ("actor","idempotency_key") WHERE "company_versions"."version" = 1;--> statement-breakpoint
CREATE UNIQUE INDEX "company_versions_key" ON "company_versions" USING btree ("company_id","actor","idempotency_key") WHERE "company_versions"."version" > 1;--> statement-breakpoint
CREATE UNIQUE INDEX "memberships_present" ON "memberships" USING btree ("company_id","user_id") WHERE "memberships"."left_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "memberships_key" ON "memberships" USING btree ("company_id","added_by","idempotency_key");--> statement-breakpoint
CREATE INDEX "memberships_of_user" ON "memberships" USING btree ("user_id","company_id") WHERE "memberships"."left_at" is null;--> statement-breakpoint
CREATE INDEX "memberships_by_user" ON "memberships" USING btree ("company_id","user_id","joined_at");--> statement-breakpoint
CREATE INDEX "memberships_until" ON "memberships" USING btree ("company_id",coalesce("left_at", 'infinity'::timestamptz));
--> statement-breakpoint
CREATE FUNCTION refuse_history_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is forbidden: answers that were given are built from it', TG_OP, TG_TABLE_NAME;
END
$$;
--> statement-breakpoint
CREATE TRIGGER company_versions_are_final BEFORE UPDATE OR DELETE ON company_versions
  FOR EACH ROW EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
-- Emptying a table passes by the triggers of its rows.
CREATE TRIGGER company_versions_are_kept BEFORE TRUNCATE ON company_versions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER companies_answers_are_final BEFORE UPDATE ON companies
  FOR EACH ROW WHEN ((OLD.id, OLD.created_at) IS DISTINCT FROM (NEW.id, NEW.created_at))
  EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER companies_stay BEFORE DELETE ON companies
  FOR EACH ROW EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER companies_are_kept BEFORE TRUNCATE ON companies
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
-- Whoever decided by an older version must see that it moved.
CREATE FUNCTION check_company_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a change of a company must move its version on from %', OLD.version;
END
$$;
--> statement-breakpoint
CREATE TRIGGER companies_version_moves BEFORE UPDATE ON companies
  FOR EACH ROW WHEN (NEW.version <= OLD.version) EXECUTE FUNCTION check_company_version();
--> statement-breakpoint
-- Who was a member at a moment is told for ever: a membership is ended once, and that is all.
CREATE TRIGGER memberships_are_final BEFORE UPDATE ON memberships
  FOR EACH ROW WHEN (
    (OLD.id, OLD.company_id, OLD.user_id, OLD.role, OLD.name, OLD.email, OLD.locale, OLD.joined_at)
      IS DISTINCT FROM
      (NEW.id, NEW.company_id, NEW.user_id, NEW.role, NEW.name, NEW.email, NEW.locale, NEW.joined_at)
    OR (OLD.added_by, OLD.request_id) IS DISTINCT FROM (NEW.added_by, NEW.request_id)
    OR OLD.idempotency_key IS DISTINCT FROM NEW.idempotency_key
    OR (OLD.left_at IS NOT NULL AND
      (OLD.left_at, OLD.removed_by) IS DISTINCT FROM (NEW.left_at, NEW.removed_by)))
  EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER memberships_stay BEFORE DELETE ON memberships
  FOR EACH ROW EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER memberships_are_kept BEFORE TRUNCATE ON memberships
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
-- Nobody joins or leaves in the past: somebody may have asked for that moment already.
CREATE FUNCTION check_membership_moment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'nobody becomes a member, or is one no more, at a moment that is over';
END
$$;
--> statement-breakpoint
CREATE TRIGGER memberships_begin_now BEFORE INSERT ON memberships
  FOR EACH ROW WHEN (NEW.joined_at < now() OR NEW.left_at < now())
  EXECUTE FUNCTION check_membership_moment();
--> statement-breakpoint
CREATE TRIGGER memberships_end_now BEFORE UPDATE OF left_at ON memberships
  FOR EACH ROW WHEN (OLD.left_at IS NULL AND NEW.left_at < now())
  EXECUTE FUNCTION check_membership_moment();
--> statement-breakpoint
CREATE FUNCTION keep_last_admin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Two who leave at once take turns here: each statement of a function sees what is there by then.
  PERFORM FROM companies WHERE id = NEW.company_id FOR NO KEY UPDATE;
  IF NOT EXISTS (
    SELECT FROM memberships
    WHERE company_id = NEW.company_id AND role = 'ADMIN' AND left_at IS NULL
  ) THEN
    RAISE EXCEPTION 'the last ADMIN of company % cannot go', NEW.company_id;
  END IF;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE TRIGGER memberships_last_admin AFTER UPDATE OF left_at ON memberships
  FOR EACH ROW WHEN (OLD.role = 'ADMIN' AND OLD.left_at IS NULL AND NEW.left_at IS NOT NULL)
  EXECUTE FUNCTION keep_last_admin();
--> statement-breakpoint
-- Offers keep the path to their category: a category never moves, and never goes.
CREATE TRIGGER categories_never_move BEFORE UPDATE ON categories
  FOR EACH ROW WHEN (
    (OLD.id, OLD.place, OLD.depth, OLD.created_at) IS DISTINCT FROM
      (NEW.id, NEW.place, NEW.depth, NEW.created_at)
    OR OLD.parent_id IS DISTINCT FROM NEW.parent_id)
  EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER categories_stay BEFORE DELETE ON categories
  FOR EACH ROW EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER categories_are_kept BEFORE TRUNCATE ON categories
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER category_names_are_final BEFORE UPDATE OR DELETE ON category_names
  FOR EACH ROW EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER category_names_are_kept BEFORE TRUNCATE ON category_names
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
-- What people book at first. Their ids are the same everywhere.
INSERT INTO categories (id, place, name, parent_id, depth)
SELECT ('019aa000-0000-7000-8000-' || lpad(place::text, 12, '0'))::uuid, place, name,
  ('019aa000-0000-7000-8000-' || lpad(parent::text, 12, '0'))::uuid, depth
FROM (VALUES
  (1, 'Beauty', null, 1),
  (2, 'Hairdressers', 1, 2),
  (3, 'Manicure', 1, 2),
  (4, 'Massage', 1, 2),
  (5, 'Health', null, 1),
  (6, 'Dentists', 5, 2),
  (7, 'Doctors', 5, 2),
  (8, 'Sport', null, 1),
  (9, 'Tennis courts', 8, 2),
  (10, 'Swimming pools', 8, 2),
  (11, 'Lessons', null, 1),
  (12, 'Languages', 11, 2),
  (13, 'Music', 11, 2),
  (14, 'Piano', 13, 3),
  (15, 'Guitar', 13, 3),
  (16, 'Rooms', null, 1),
  (17, 'Meeting rooms', 16, 2),
  (18, 'Studios', 16, 2),
  (19, 'Cars', null, 1),
  (20, 'Repair', 19, 2),
  (21, 'Car wash', 19, 2)
) AS seed (place, name, parent, depth);
