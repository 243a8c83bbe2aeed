-- What the lists of states.ts say, for every row from now on. Rows of before are not looked at, so
-- that nobody waits while a large table is read: a later release may validate these checks.
ALTER TABLE "order_changes" ADD CONSTRAINT "order_changes_known_kind" CHECK ("order_changes"."kind" in ('REPRICE', 'CANCEL')) NOT VALID;--> statement-breakpoint
ALTER TABLE "order_changes" ADD CONSTRAINT "order_changes_known_reason" CHECK ("order_changes"."reason" in ('insufficient-funds', 'balance-limit', 'refund-exceeds-withdrawal', 'withdrawal-refunded', 'user-not-found', 'account-not-found')) NOT VALID;--> statement-breakpoint
ALTER TABLE "order_changes" ADD CONSTRAINT "order_changes_reason" CHECK (("order_changes"."status" <> 'REFUSED') = ("order_changes"."reason" is null)) NOT VALID;--> statement-breakpoint
ALTER TABLE "orders" ADD CONSTRAINT "orders_known_decision" CHECK ("orders"."decision" in ('APPROVED', 'REJECTED')) NOT VALID;--> statement-breakpoint
ALTER TABLE "orders" ADD CONSTRAINT "orders_known_reason" CHECK ("orders"."reason" in ('insufficient-funds', 'balance-limit', 'refund-exceeds-withdrawal', 'withdrawal-refunded', 'user-not-found', 'account-not-found')) NOT VALID;--> statement-breakpoint
ALTER TABLE "orders" ADD CONSTRAINT "orders_reason" CHECK (("orders"."decision" is distinct from 'REJECTED') = ("orders"."reason" is null)) NOT VALID;
