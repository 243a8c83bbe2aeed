/**
 * What an ES module gets for `node:http`. To import that by its own name reads every name it exports,
 * also `WebSocket`, which loads all of undici. A name that is missing here is an error at the start.
 */
export const {
  Agent,
  IncomingMessage,
  METHODS,
  STATUS_CODES,
  ServerResponse,
  createServer,
  get,
  request,
} = process.getBuiltinModule('node:http')
