import { inMoney } from './judgement.ts'
import type { Stage } from './stage.ts'
import type { Scene } from './state.ts'

export interface Script extends Scene {
  readonly steps: readonly {
    readonly text: string
    readonly act: (stage: Stage) => unknown
  }[]
}

const purse = 10_000
const price = 3_000

const arrives = {
  text: `Somebody signs up and puts ${inMoney(purse)} on their account.`,
  act: (stage: Stage) => stage.arrive(purse),
}

const orders = {
  text: `They order for ${inMoney(price)}.`,
  act: (stage: Stage) => stage.order(price),
}

const paysAndIsHeld = {
  text: `They order for ${inMoney(price)}. Billing takes the money, and its answer is on its way.`,
  act: (stage: Stage) => {
    stage.payment().holdNext()
    stage.order(price)
    return stage.isHeld()
  },
}

const isDecided = (text: string) => ({ text, act: (stage: Stage) => stage.isDecided() })

const hasLetter = {
  text: 'The letter is written, and the order owes nothing any more.',
  act: (stage: Stage) => stage.hasLetter(),
}

const expectStatus = async (stage: Stage, wanted: number) => {
  const told = await stage.told()
  if (told?.status === wanted) return
  throw new Error(`They were told ${told?.status ?? 'nothing'} instead of ${wanted}.`)
}

const billingDies: Script = {
  id: 'billing-dies',
  title: 'Billing dies in mid-payment',
  watch: [
    'Billing has taken the money when it dies, and nobody hears of it.',
    'The order stays undecided: what is unknown is not taken for refused.',
    'When billing is back it is asked again, and does not take the money again.',
  ],
  whySafe:
    'Before it asks for money, order has stored the key of the withdrawal. Billing keeps this key on the row that it wrote, so the same question gets the same answer, and moves nothing.',
  guarantee: {
    name: 'loses nothing when each service is killed once while clients are busy',
    file: 'test/guarantees/no-outage-loses-an-order.test.ts',
  },
  steps: [
    arrives,
    paysAndIsHeld,
    {
      text: 'Billing is killed at this moment. Its answer is lost.',
      act: (stage) => {
        stage.begin('kill:billing', 5)
        stage.payment().lose()
      },
    },
    {
      text: 'They are told 202: the order is kept, and not decided yet.',
      act: (stage) => expectStatus(stage, 202),
    },
    isDecided('Billing starts again. Order asks it once more, with the same key.'),
    hasLetter,
  ],
}

const answerLost: Script = {
  id: 'answer-lost',
  title: 'An answer is lost',
  watch: [
    'Billing takes the money, and the connection breaks before its answer arrives.',
    'Order asks again at once: the person hardly notices.',
  ],
  whySafe:
    'Nobody concludes from silence that nothing was done. The repeat carries the same key, and billing answers it as it answered the first time.',
  guarantee: {
    name: 'on one key place one order, take one payment, write one letter, and hear one answer',
    file: 'test/guarantees/races-on-one-key.test.ts',
  },
  steps: [
    arrives,
    paysAndIsHeld,
    {
      text: 'The answer is lost, and the connection with it.',
      act: (stage) => {
        stage.payment().lose()
      },
    },
    {
      text: 'Order asks again, with the same key.',
      act: (stage) => stage.isAskedAgain(),
    },
    isDecided('Billing knows the key, and tells what it told before.'),
    hasLetter,
  ],
}

const sentTwice: Script = {
  id: 'sent-twice',
  title: 'Everything is sent twice',
  watch: [
    'Billing gets the withdrawal twice, and notification the letter.',
    'Both answer the second one as they answered the first.',
  ],
  whySafe:
    'A key is kept for ever, under a unique index. The second request finds the row of the first, and changes nothing.',
  guarantee: {
    name: 'gets the same answer 32 times at once, and the work is done once',
    file: 'test/guarantees/replays-are-identical.test.ts',
  },
  steps: [
    arrives,
    {
      text: 'From now on order’s requests to billing and to notification arrive twice.',
      act: (stage) => {
        stage.begin('send-twice:order>billing', 10)
        stage.begin('send-twice:order>notification', 10)
      },
    },
    orders,
    {
      text: 'The withdrawal and the letter have arrived twice.',
      act: (stage) =>
        stage.isSentTwice('send-twice:order>billing', 'send-twice:order>notification'),
    },
    isDecided('The order is decided once.'),
    hasLetter,
  ],
}

const postgresStops: Script = {
  id: 'postgres-stops',
  title: 'Postgres stops',
  watch: [
    'The money is taken, and order cannot write down that it was.',
    'All services are there, and none can work.',
    'When Postgres is back, everything goes on where it stopped.',
  ],
  whySafe:
    'The row of the order was there before any money moved, and it says itself what is still to do. Each change is one statement: it is there, or it is not.',
  guarantee: {
    name: 'when the database is lost while an order is decided',
    file: 'test/guarantees/lost-answers.test.ts',
  },
  steps: [
    arrives,
    paysAndIsHeld,
    {
      text: 'Postgres stops. Order hears that it was paid, and cannot write it down.',
      act: async (stage) => {
        stage.begin('stop:postgres', 4)
        await stage.isPostgresDown()
        stage.payment().pass()
      },
    },
    {
      text: 'They are told nothing certain, and ask again with the same key.',
      act: (stage) => stage.askAgain(),
    },
    isDecided('Postgres is back, and the order is decided.'),
    hasLetter,
  ],
}

const notificationAway: Script = {
  id: 'notification-away',
  title: 'Notification is away',
  watch: [
    'The order is paid although nobody can write letters.',
    'The letter is owed, and the order says so.',
    'When notification is back, the letter is written once.',
  ],
  whySafe:
    'That the order is paid and that its letter is due is one statement. The letter has its key from the order, so that each further try is the same letter.',
  guarantee: {
    name: 'answers as usual while notification is away, and every letter follows exactly once',
    file: 'test/guarantees/no-outage-loses-an-order.test.ts',
  },
  steps: [
    arrives,
    {
      text: 'Notification is killed.',
      act: (stage) => {
        stage.begin('kill:notification', 6)
      },
    },
    orders,
    { text: 'They are told 201: it is paid.', act: (stage) => expectStatus(stage, 201) },
    { text: 'The letter is owed.', act: (stage) => stage.owesLetter() },
    { ...hasLetter, text: 'Notification is back. The letter is written, once.' },
  ],
}

const replicaPaused: Script = {
  id: 'replica-paused',
  title: 'Two replicas, one paused',
  watch: [
    'One of two processes of order stands still with the order in its hands.',
    'When its lease is over, the other one takes the order and finishes it.',
    'Then the first one goes on with what it knew, and changes nothing.',
  ],
  whySafe:
    'Who works on a row has a lease on it, and no lock. Both use the same keys, and only one of them can decide: the statement changes the order only while it is undecided.',
  guarantee: {
    name: 'take over from each other when one hangs past its lease, and it does no harm when it wakes up',
    file: 'test/guarantees/replicas-do-not-trip.test.ts',
  },
  steps: [
    arrives,
    paysAndIsHeld,
    {
      text: 'The process that works on it stands still. Its answer arrives, and it does not hear it.',
      act: (stage) => {
        stage.begin(`pause:${stage.payment().replica()}`, 30)
        stage.payment().pass()
      },
    },
    isDecided(
      'The lease ends. The other process takes the order, and asks billing with the same key.',
    ),
    {
      text: 'The first one goes on, and finds the order decided.',
      act: async (stage) => {
        stage.end(`pause:${stage.payment().replica()}`)
        await stage.told()
      },
    },
    hasLetter,
  ],
}

/** The tour. */
export const scripts: readonly Script[] = [
  billingDies,
  answerLost,
  sentTwice,
  postgresStops,
  notificationAway,
  replicaPaused,
]
