import { useEffect, useState } from 'preact/hooks'
import { ApiError, troubleIn } from './api.js'
import { useSigned } from './asking.js'
import { html } from './html.js'
import { Heading, Loading, TroubleBox } from './parts.js'

/**
 * Leads to the order or the booking that something was paid for: a line of the statement names it by
 * an id alone, and does not say which of both it is.
 * @param {{ id: string }} props
 */
export const AboutPage = ({ id }) => {
  const { api } = useSigned()
  const [trouble, setTrouble] = useState(
    /** @type {import('./types.ts').Trouble | undefined} */ (undefined),
  )
  useEffect(() => {
    const find = async () => {
      const place = await api.get(`/orders/${id}`).then(
        () => 'orders',
        (error) => {
          if (error instanceof ApiError && error.trouble.status === 404) return 'bookings'
          throw error
        },
      )
      // Going back must not lead here again.
      location.replace(`#/${place}/${id}`)
    }
    find().catch((error) => setTrouble(troubleIn(error)))
  }, [api, id])
  return html`<${Heading} title="One moment" />
    ${trouble === undefined ? html`<${Loading} lines=${6} />` : html`<${TroubleBox} trouble=${trouble} />`}`
}
