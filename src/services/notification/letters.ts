import type { LetterKind } from './states.ts'

/** Every letter's words, in one place. */
export interface LetterSubject {
  readonly kind: LetterKind
  /** Minor units. */
  readonly amount: number
  readonly orderId?: string | undefined
}

export interface LetterText {
  readonly subject: string
  readonly body: string
}

/** Whole roubles and kopecks without floating point: 150000 is "1 500.00 ₽". */
export const formatMoney = (minorUnits: number): string => {
  const kopecks = String(minorUnits % 100).padStart(2, '0')
  const roubles = String(Math.floor(minorUnits / 100)).replace(/\B(?=(\d{3})+$)/g, ' ')
  return `${roubles}.${kopecks} ₽`
}

const templates: Record<LetterKind, (money: string, order: string) => LetterText> = {
  ORDER_APPROVED: (money, order) => ({
    subject: `Hooray! Your order for ${money} is paid`,
    body: `Good news: we took ${money} from your account, and order ${order} is yours.`,
  }),
  ORDER_REJECTED: (money, order) => ({
    subject: `Sorry, your order for ${money} could not be paid`,
    body: `Sad news: your account does not hold ${money}, so order ${order} was rejected. Your money was not touched.`,
  }),
  ORDER_CANCELLED: (money, order) => ({
    subject: `Your order is cancelled, ${money} came back`,
    body: `Order ${order} is cancelled as you asked. We returned ${money} to your account.`,
  }),
  ORDER_REPRICED: (money, order) => ({
    subject: `Your order now costs ${money}`,
    body: `The price of order ${order} is now ${money}. The difference was settled with your account.`,
  }),
  DEPOSIT: (money) => ({
    subject: `${money} arrived on your account`,
    body: `Thank you: your deposit of ${money} is on your account.`,
  }),
}

export const renderLetter = ({ kind, amount, orderId }: LetterSubject): LetterText =>
  templates[kind](formatMoney(amount), orderId ?? '')
