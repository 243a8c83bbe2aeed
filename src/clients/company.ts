import { refusalIn, type CallOptions, type Upstream } from '../platform/calls/client.ts'
import { createSharedCalls, readPart } from '../platform/calls/shared.ts'
import { UnknownOutcomeError } from '../platform/calls/transport.ts'
import { maxTogether } from '../platform/http/schemas.ts'
import {
  findManagers,
  getStanding,
  type ManagerQuestionsQuestionsItem,
  type Managers,
  type ManagersManagersItem,
  type Standing,
  type StandingRole,
  type getStandingResponse,
} from './generated/company.ts'

export type Manager = ManagersManagersItem

export interface AskedStanding {
  readonly companyId: string
  readonly userId: string
  /** Left out where nothing is to be offered. */
  readonly categoryId?: string | undefined
}

export type StandingWord =
  | {
      readonly outcome: 'done'
      readonly active: boolean
      /** Null for who is no member now. */
      readonly role: StandingRole
      /** From the root to the category; null if it was not asked for, or there is none. */
      readonly categoryPath: readonly string[] | null
    }
  | { readonly outcome: 'refused'; readonly code: 'company-not-found' }

const roles: readonly unknown[] = ['ADMIN', 'MANAGER', null] satisfies StandingRole[]

/** The path, null where there is no category, or undefined for the answer to another question. */
const pathIn = ({ category }: Partial<Standing>, categoryId: string | undefined) => {
  if (category === null) return null
  const isAsked = category?.id === categoryId && category?.path?.at(-1) === categoryId
  return isAsked ? category?.path : undefined
}

const readStanding = (
  answer: getStandingResponse,
  { companyId, categoryId }: AskedStanding,
): StandingWord | undefined => {
  const code = refusalIn(answer)
  if (code === 'company-not-found') return { outcome: 'refused', code }
  const shown: Partial<Standing> = (answer.status === 200 ? answer.data : undefined) ?? {}
  const { active, role } = shown
  const categoryPath = pathIn(shown, categoryId)
  const isAsked = shown.companyId === companyId && typeof active === 'boolean'
  if (!isAsked || role === undefined || !roles.includes(role)) return undefined
  if (categoryPath === undefined) return undefined
  return { outcome: 'done', active, role, categoryPath }
}

type Question = ManagerQuestionsQuestionsItem

/** A part of the answer to questions that share a request, with all that it may be. */
interface GivenManagers {
  readonly status: number
  readonly data?: Partial<Managers> | null
}

export type ManagersWord =
  | { readonly outcome: 'done'; readonly managers: readonly Manager[] }
  | { readonly outcome: 'unknown'; readonly reason: 'too-early' }

const isManager = ({ userId, name, email, locale }: Partial<Manager>) =>
  [userId, name, email, locale].every((text) => typeof text === 'string' && text !== '')

const readManagers = (answer: GivenManagers, asked: Question): ManagersWord | undefined => {
  // Whoever is a member then may still change. It is nobody's fault: the clocks of two databases differ.
  const reason = refusalIn(answer)
  if (reason === 'too-early') return { outcome: 'unknown', reason }
  const { companyId, at, managers } = (answer.status === 200 ? answer.data : undefined) ?? {}
  if (companyId !== asked.companyId || at !== asked.at) return undefined
  return Array.isArray(managers) && managers.every(isManager)
    ? { outcome: 'done', managers }
    : undefined
}

const shareQuestions = ({ send }: Pick<Upstream, 'send'>) =>
  createSharedCalls<Question, GivenManagers>({
    alone: async (question, attempt) => {
      const answer = await send(findManagers({ questions: [question] }), attempt)
      if (answer.status !== 200) return answer as GivenManagers
      const parts = answer.data?.answers
      if (parts?.length !== 1) throw new UnknownOutcomeError('company answered something else')
      return readPart(parts[0])
    },
    together: async (questions, timeoutMs) => {
      const { status, data } = await send(findManagers({ questions }), { timeoutMs })
      return status === 200 ? data?.answers : undefined
    },
    maxTogether,
  })

/** The calls that other services may make to company. */
export const createCompanyClient = ({ send, ask }: Upstream) => {
  const sendQuestion = shareQuestions({ send })
  return {
    /** What somebody may do for a company now. */
    standing: ({ companyId, userId, categoryId, ...options }: AskedStanding & CallOptions) =>
      ask(options, {
        send: (attempt) =>
          send(
            getStanding(companyId, { userId, ...(categoryId === undefined ? {} : { categoryId }) }),
            attempt,
          ),
        read: (answer) => readStanding(answer, { companyId, userId, categoryId }),
        complaint: 'company gave an answer about a standing that is none',
        about: { companyId, userId },
      }),

    /** All who were members at a moment that is over: the answer never changes. */
    managersAt: ({ timeoutMs, ...question }: Question & Omit<CallOptions, 'key'>) => {
      const { companyId, requestId } = question
      return ask(
        { requestId, timeoutMs },
        {
          send: (attempt) => sendQuestion(question, attempt),
          read: (answer) => readManagers(answer, question),
          complaint: 'company gave an answer about managers that is none',
          about: { companyId },
        },
      )
    },
  }
}

export type CompanyClient = ReturnType<typeof createCompanyClient>
