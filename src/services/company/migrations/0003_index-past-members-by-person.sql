DROP INDEX "memberships_by_user";--> statement-breakpoint
CREATE INDEX "memberships_over_time" ON "memberships" USING btree ("user_id","company_id","joined_at");