-- An order of nobody is forgotten: no key leads back to it, and nothing of it was decided.
DROP TRIGGER orders_stay ON orders;
--> statement-breakpoint
CREATE TRIGGER orders_stay BEFORE DELETE ON orders
  FOR EACH ROW WHEN (OLD.status <> 'PENDING' OR OLD.idempotency_key IS NOT NULL)
  EXECUTE FUNCTION refuse_history_change();
