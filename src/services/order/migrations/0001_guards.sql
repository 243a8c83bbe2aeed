-- Only the edges of states.ts are ever taken, whoever tries: what was decided stays decided.
CREATE FUNCTION check_order_edge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.status, NEW.status) NOT IN
    (('PENDING', 'APPROVED'), ('PENDING', 'REJECTED'), ('APPROVED', 'CANCELLED')) THEN
    RAISE EXCEPTION 'an order cannot become % from %', NEW.status, OLD.status;
  END IF;
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER orders_edge BEFORE UPDATE OF status ON orders
  FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION check_order_edge();
--> statement-breakpoint
CREATE FUNCTION check_change_edge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.status, NEW.status) NOT IN (('PENDING', 'DONE'), ('PENDING', 'REFUSED')) THEN
    RAISE EXCEPTION 'a change cannot become % from %', NEW.status, OLD.status;
  END IF;
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER order_changes_edge BEFORE UPDATE OF status ON order_changes
  FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION check_change_edge();
--> statement-breakpoint
CREATE FUNCTION refuse_history_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is forbidden: answers that were given are built from it', TG_OP, TG_TABLE_NAME;
END
$$;
--> statement-breakpoint
CREATE TRIGGER orders_answers_are_final BEFORE UPDATE ON orders
  FOR EACH ROW WHEN (
    (OLD.id, OLD.user_id, OLD.price, OLD.created_at, OLD.request_id) IS DISTINCT FROM
      (NEW.id, NEW.user_id, NEW.price, NEW.created_at, NEW.request_id)
    OR OLD.description IS DISTINCT FROM NEW.description
    OR OLD.idempotency_key IS DISTINCT FROM NEW.idempotency_key
    OR (OLD.decision IS NOT NULL AND
      (OLD.decision, OLD.reason) IS DISTINCT FROM (NEW.decision, NEW.reason)))
  EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER orders_stay BEFORE DELETE ON orders
  FOR EACH ROW EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER order_changes_stay BEFORE DELETE ON order_changes
  FOR EACH ROW EXECUTE FUNCTION refuse_history_change();
