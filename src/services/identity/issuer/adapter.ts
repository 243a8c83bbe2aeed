import { createHash } from 'node:crypto'
import { errors, type Adapter, type AdapterPayload } from 'oidc-provider'
import type { ModelStore } from '../store-models.ts'

/** Who reads the table must not be able to use what is in it, so codes and tokens are kept as hashes. */
const hidden = (id: string) => createHash('sha256').update(id).digest('base64url')

type Row = NonNullable<Awaited<ReturnType<ModelStore['find']>>>

const toPayload = ({ payload, consumedAt }: Row, more: AdapterPayload = {}): AdapterPayload => ({
  ...payload,
  ...more,
  ...(consumedAt === null ? {} : { consumed: Math.floor(consumedAt.getTime() / 1_000) }),
})

/** The id itself is among them. */
const withoutId = (payload: AdapterPayload) =>
  Object.fromEntries(Object.entries(payload).filter(([name]) => name !== 'jti'))

const textOf = (value: unknown) => (typeof value === 'string' ? value : null)

/** Where oidc-provider keeps one kind of its things: in Postgres, for all replicas. */
export const createAdapter = (models: ModelStore, model: string): Adapter => {
  const revokeGrant = async (grantId: string) => {
    await models.destroy({ model, id: null, grantId })
  }

  return {
    upsert: async (id, payload, seconds = 0) => {
      await models.upsert({
        model,
        id: hidden(id),
        payload: withoutId(payload),
        uid: textOf(payload['uid']),
        grantId: textOf(payload['grantId']),
        lifetimeMs: Math.max(seconds, 1) * 1_000,
      })
    },
    find: async (id) => {
      const row = await models.find(model, hidden(id))
      return row === undefined ? undefined : toPayload(row, { jti: id })
    },
    findByUid: async (uid) => {
      const row = await models.findByUid(model, uid)
      return row === undefined ? undefined : toPayload(row)
    },
    // Only for devices without a keyboard, which are not served here.
    findByUserCode: async () => undefined,
    /** A code or a refresh token serves once, also when it comes twice at the same moment. */
    consume: async (id) => {
      const { consumed } = await models.consume({ model, id: hidden(id) })
      if (consumed) return
      const row = await models.find(model, hidden(id))
      if (row !== undefined && row.grantId !== null) await revokeGrant(row.grantId)
      throw new errors.InvalidGrant('it was used already')
    },
    destroy: async (id) => {
      await models.destroy({ model, id: hidden(id), grantId: null })
    },
    revokeByGrantId: revokeGrant,
  }
}
