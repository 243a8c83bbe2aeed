/**
 * How the embedded server is set up, for a machine of two to eight cores that runs eight services
 * beside it. Everything else stays as Postgres ships it, fsync and synchronous_commit above all:
 * what a client was told must be on disk.
 */
export const serverSettings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  // Sockets in the file system have a path limit of about 100 bytes and nobody here needs one.
  unix_socket_directories: '',
  // Seven services with two replicas of pool size 6 are 84; load tests and psql want some, too.
  max_connections: '200',
  // Holds the hot part of a few million orders, and is small beside a laptop's memory.
  shared_buffers: '512MB',
  // Nothing reads the log of a laptop's server: it has no replicas and no archive.
  wal_level: 'minimal',
  max_wal_senders: '0',
  // Room for what many clients write between two flushes.
  wal_buffers: '16MB',
  // Checkpoints make the next write of each page expensive, so they are few and come by time.
  checkpoint_timeout: '15min',
  max_wal_size: '2GB',
  // Every statement here is short; compiling one would take longer than running it.
  jit: 'off',
  // A statement is planned once. By default Postgres guesses whether a new plan might be cheaper,
  // and made one for every second payment.
  plan_cache_mode: 'force_generic_plan',
  // Accounts under load are updated often: look for dead rows every 20 seconds, not every minute.
  autovacuum_naptime: '20s',
  // For plans on disks that do not rotate.
  random_page_cost: '1.1',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  // Logs hold no personal data: no rows that an error is about, and no statements.
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
}
