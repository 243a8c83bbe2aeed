-- Emptying a table passes by the triggers of its rows.
CREATE TRIGGER orders_are_kept BEFORE TRUNCATE ON orders
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
CREATE TRIGGER order_changes_are_kept BEFORE TRUNCATE ON order_changes
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_history_change();
--> statement-breakpoint
-- Answers to changes are built from these columns, for ever.
CREATE TRIGGER order_changes_answers_are_final BEFORE UPDATE ON order_changes
  FOR EACH ROW WHEN (
    (OLD.id, OLD.order_id, OLD.user_id, OLD.kind, OLD.from_price, OLD.created_at, OLD.request_id)
      IS DISTINCT FROM
      (NEW.id, NEW.order_id, NEW.user_id, NEW.kind, NEW.from_price, NEW.created_at, NEW.request_id)
    OR OLD.to_price IS DISTINCT FROM NEW.to_price
    OR OLD.idempotency_key IS DISTINCT FROM NEW.idempotency_key
    OR (OLD.status <> 'PENDING' AND OLD.reason IS DISTINCT FROM NEW.reason))
  EXECUTE FUNCTION refuse_history_change();
