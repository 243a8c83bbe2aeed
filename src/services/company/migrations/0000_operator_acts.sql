CREATE TABLE "operator_acts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"operator" uuid NOT NULL,
	"method" text NOT NULL,
	"route" text NOT NULL,
	"target" text NOT NULL,
	"subject" uuid,
	"request_id" text NOT NULL
);
--> statement-breakpoint
CREATE INDEX "operator_acts_by_operator" ON "operator_acts" USING btree ("operator","id");--> statement-breakpoint
CREATE INDEX "operator_acts_by_subject" ON "operator_acts" USING btree ("subject","id");
--> statement-breakpoint
-- What operators did stays written down, also when an operator has psql.
CREATE FUNCTION refuse_act_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is forbidden: what operators did stays written down', TG_OP, TG_TABLE_NAME;
END
$$;
--> statement-breakpoint
CREATE TRIGGER operator_acts_are_final BEFORE UPDATE OR DELETE ON operator_acts
  FOR EACH ROW EXECUTE FUNCTION refuse_act_change();
--> statement-breakpoint
CREATE TRIGGER operator_acts_stay BEFORE TRUNCATE ON operator_acts
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_act_change();
