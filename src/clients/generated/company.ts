/**
 * Generated from openapi/company.yaml by `npm run contracts:emit`. Do not edit.
 */
import { describeCall } from '../describe-call.ts'
/**
 * What somebody asked for by a role, written down before it was done
 */
export interface Act {
  /** Id of the act */
  id: string
  /** UTC */
  at: string
  /** Id of who asked: an operator, or a teller who put money on an account */
  operator: string
  method: string
  route: string
  /** The path with its query, as it was asked for */
  target: string
  /**
   * Id of the user whom the request names
   * @nullable
   */
  subject: string | null
  /** Find the request in the logs by this id */
  requestId: string
}

export interface ActPage {
  items: Act[]
  /**
   * `cursor` of the next page, null on the last
   * @nullable
   */
  next: string | null
}

/**
 * What offers are about. It never moves and never goes.
 */
export interface Category {
  /** Id of the category */
  id: string
  name: string
  /**
   * Id of the category above
   * @nullable
   */
  parentId: string | null
}

/**
 * All categories, each after the one above it
 */
export interface CategoryTree {
  items: Category[]
}

/**
 * The place on the map
 * @nullable
 */
export type CompanyLocation = {
  /**
   * @minimum -90
   * @maximum 90
   */
  lat: number
  /**
   * @minimum -180
   * @maximum 180
   */
  lng: number
} | null

/**
 * A company, as it shows itself
 */
export interface Company {
  /** Id of the company */
  id: string
  name: string
  /** @nullable */
  description: string | null
  /** @nullable */
  address: string | null
  /** @nullable */
  phone: string | null
  /**
   * The place on the map
   * @nullable
   */
  location: CompanyLocation
  /** Whether anything of it can be booked */
  active: boolean
  /** UTC */
  createdAt: string
}

/**
 * The place on the map
 * @nullable
 */
export type CompanyChangeLocation = {
  /**
   * @minimum -90
   * @maximum 90
   */
  lat: number
  /**
   * @minimum -180
   * @maximum 180
   */
  lng: number
} | null

/**
 * What is left out stays as it is; null takes it away
 */
export interface CompanyChange {
  /**
   * @minLength 1
   * @maxLength 200
   * @pattern ^[^\u0000]*$
   */
  name?: string
  /**
   * @minLength 1
   * @maxLength 2000
   * @nullable
   * @pattern ^[^\u0000]*$
   */
  description?: string | null
  /**
   * @minLength 1
   * @maxLength 500
   * @nullable
   * @pattern ^[^\u0000]*$
   */
  address?: string | null
  /**
   * @nullable
   * @pattern ^\+?[0-9][0-9 ()-]{3,30}$
   */
  phone?: string | null
  /**
   * The place on the map
   * @nullable
   */
  location?: CompanyChangeLocation
  active?: boolean
}

export interface CompanyPage {
  items: Company[]
  /**
   * `cursor` of the next page, null on the last
   * @nullable
   */
  next: string | null
}

export interface Found {
  service: string
  /** What it is */
  kind: string
  /** Id of what was found */
  id: string
  /**
   * Id of whose it is; null if it is nobody’s
   * @nullable
   */
  userId: string | null
}

export interface FoundThings {
  items: Found[]
}

/**
 * The language of letters
 */
export type ManagersManagersItemLocale = 'en' | 'ru'
export type ManagersManagersItem = {
  /** Id of the member */
  userId: string
  name: string
  email: string
  /** The language of letters */
  locale: ManagersManagersItemLocale
}

/**
 * Everybody who was a member of a company at one moment
 */
export interface Managers {
  /** Id of the company */
  companyId: string
  /** UTC */
  at: string
  /** By their ids */
  managers: ManagersManagersItem[]
}

/**
 * What went wrong, for programs
 */
export type ProblemCode =
  | 'malformed-http'
  | 'validation-failed'
  | 'malformed-json'
  | 'invalid-idempotency-key'
  | 'unauthenticated'
  | 'wrong-credentials'
  | 'session-ended'
  | 'insufficient-funds'
  | 'forbidden'
  | 'not-found'
  | 'user-not-found'
  | 'account-not-found'
  | 'order-not-found'
  | 'company-not-found'
  | 'category-not-found'
  | 'offer-not-found'
  | 'booking-not-found'
  | 'owed-not-found'
  | 'member-not-found'
  | 'method-not-allowed'
  | 'request-timeout'
  | 'username-taken'
  | 'email-taken'
  | 'user-exists'
  | 'login-differs'
  | 'account-differs'
  | 'balance-limit'
  | 'refund-exceeds-withdrawal'
  | 'withdrawal-refunded'
  | 'order-undecided'
  | 'order-not-approved'
  | 'change-in-progress'
  | 'company-inactive'
  | 'resource-taken'
  | 'offer-taken'
  | 'offer-closed'
  | 'booking-released'
  | 'booking-undecided'
  | 'booking-not-paid'
  | 'booking-not-over'
  | 'too-late-to-cancel'
  | 'member-exists'
  | 'member-limit'
  | 'last-admin'
  | 'category-limit'
  | 'nothing-owed'
  | 'work-in-progress'
  | 'too-early'
  | 'payload-too-large'
  | 'unsupported-media-type'
  | 'idempotency-key-reused'
  | 'misdirected-request'
  | 'too-many-attempts'
  | 'headers-too-large'
  | 'internal'
  | 'unknown-transfer-coding'
  | 'upstream-unavailable'
  | 'overloaded'
  | 'unavailable'
  | 'upstream-timeout'
  | 'outcome-unknown'
export type ProblemErrorsItem = {
  field: string
  message: string
}

export interface Problem {
  /** What went wrong, as a URI: names the code */
  type: string
  /** What went wrong, for people */
  title: string
  /** The HTTP status again */
  status: number
  /** What to do about this one */
  detail: string
  /** What went wrong, for programs */
  code: ProblemCode
  /** Find the request in the logs by this id */
  requestId: string
  /** Which fields were not valid, and why */
  errors?: ProblemErrorsItem[]
}

export type ManagerAnswersAnswersItem = {
  /** The status of the plain call’s answer */
  status: number
  body: Managers | Problem
}

export interface ManagerAnswers {
  answers: ManagerAnswersAnswersItem[]
}

export type ManagerQuestionsQuestionsItem = {
  /** Id of the company */
  companyId: string
  /**
   * UTC, with milliseconds
   * @pattern ^[12]\d{3}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$
   */
  at: string
  /**
   * The caller’s request, to be found in the logs
   * @pattern ^[A-Za-z0-9._-]{1,64}$
   */
  requestId: string
}

export interface ManagerQuestions {
  /**
   * @minItems 1
   * @maxItems 64
   */
  questions: ManagerQuestionsQuestionsItem[]
}

/**
 * An ADMIN also changes the company and its members
 */
export type MemberRole = 'ADMIN' | 'MANAGER'
/**
 * Somebody who acts for a company
 */
export interface Member {
  /** Id of the company */
  companyId: string
  /** Id of the user */
  userId: string
  /** An ADMIN also changes the company and its members */
  role: MemberRole
  /** As it was when they joined */
  name: string
  /** Letters about what is booked go there */
  email: string
  /** UTC */
  joinedAt: string
  /**
   * Null for who has not left
   * @nullable
   */
  leftAt: string | null
}

export interface MemberPage {
  items: Member[]
  /**
   * `cursor` of the next page, null on the last
   * @nullable
   */
  next: string | null
}

export interface NewCategory {
  /**
   * @minLength 1
   * @maxLength 100
   * @pattern ^[^\u0000]*$
   */
  name: string
  /** Id of the category above; none for a root */
  parentId?: string
}

export interface NewCategoryName {
  /**
   * @minLength 1
   * @maxLength 100
   * @pattern ^[^\u0000]*$
   */
  name: string
}

/**
 * The place on the map
 */
export type NewCompanyLocation = {
  /**
   * @minimum -90
   * @maximum 90
   */
  lat: number
  /**
   * @minimum -180
   * @maximum 180
   */
  lng: number
}

export interface NewCompany {
  /**
   * @minLength 1
   * @maxLength 200
   * @pattern ^[^\u0000]*$
   */
  name: string
  /**
   * @minLength 1
   * @maxLength 2000
   * @pattern ^[^\u0000]*$
   */
  description?: string
  /**
   * @minLength 1
   * @maxLength 500
   * @pattern ^[^\u0000]*$
   */
  address?: string
  /** @pattern ^\+?[0-9][0-9 ()-]{3,30}$ */
  phone?: string
  /** The place on the map */
  location?: NewCompanyLocation
}

/**
 * An ADMIN also changes the company and its members
 */
export type NewMemberRole = 'ADMIN' | 'MANAGER'
export interface NewMember {
  /** Id of the user who becomes a member */
  userId: string
  /** An ADMIN also changes the company and its members */
  role: NewMemberRole
}

/**
 * Null for who is no member now
 * @nullable
 */
export type StandingRole = 'ADMIN' | 'MANAGER' | null
/**
 * Null if it was not asked for, or there is none
 * @nullable
 */
export type StandingCategory = {
  /** Id of the category */
  id: string
  /** From its root to itself */
  path: string[]
} | null

/**
 * What there is to know before something is offered or a manager acts
 */
export interface Standing {
  /** Id of the company */
  companyId: string
  active: boolean
  /**
   * Null for who is no member now
   * @nullable
   */
  role: StandingRole
  /**
   * Null if it was not asked for, or there is none
   * @nullable
   */
  category: StandingCategory
}

export type ListCompaniesParams = {
  /**
   * `true`: only those of which you are a member
   */
  mine?: ListCompaniesMine
  /**
   * How many items at most, 20 if not said
   * @minimum 1
   * @maximum 100
   */
  limit?: number
  /**
   * `next` of the page before; leave out for the first page
   */
  cursor?: string
}

export type ListCompaniesMine = 'true' | 'false'
export type ListMembersParams = {
  /**
   * How many items at most, 20 if not said
   * @minimum 1
   * @maximum 100
   */
  limit?: number
  /**
   * `next` of the page before; leave out for the first page
   */
  cursor?: string
}

export type GetStandingParams = {
  /**
   * Id of the user who wants to act
   */
  userId: string
  /**
   * Id of the category
   */
  categoryId?: string
}

export type ListCompanyActsParams = {
  /**
   * Id of the operator or teller
   */
  operator?: string
  /**
   * Id of the user whom the requests name
   */
  subject?: string
  /**
   * How many items at most, 20 if not said
   * @minimum 1
   * @maximum 100
   */
  limit?: number
  /**
   * `next` of the page before; leave out for the first page
   */
  cursor?: string
}

export type SearchCompanyParams = {
  /**
   * What you know, whole
   * @minLength 1
   * @maxLength 255
   * @pattern ^[^\u0000]*$
   */
  q: string
}

export type createCompanyResponse201 = {
  data: Company
  status: 201
}

export type createCompanyResponse400 = {
  data: Problem
  status: 400
}

export type createCompanyResponse401 = {
  data: Problem
  status: 401
}

export type createCompanyResponse404 = {
  data: Problem
  status: 404
}

export type createCompanyResponse413 = {
  data: Problem
  status: 413
}

export type createCompanyResponse415 = {
  data: Problem
  status: 415
}

export type createCompanyResponse422 = {
  data: Problem
  status: 422
}

export type createCompanyResponse500 = {
  data: Problem
  status: 500
}

export type createCompanyResponse502 = {
  data: Problem
  status: 502
}

export type createCompanyResponse503 = {
  data: Problem
  status: 503
}

export type createCompanyResponse504 = {
  data: Problem
  status: 504
}

export type createCompanyResponseSuccess = createCompanyResponse201 & {
  headers: Record<string, string>
}
export type createCompanyResponseError = (
  | createCompanyResponse400
  | createCompanyResponse401
  | createCompanyResponse404
  | createCompanyResponse413
  | createCompanyResponse415
  | createCompanyResponse422
  | createCompanyResponse500
  | createCompanyResponse502
  | createCompanyResponse503
  | createCompanyResponse504
) & {
  headers: Record<string, string>
}

export type createCompanyResponse = createCompanyResponseSuccess | createCompanyResponseError

export const getCreateCompanyUrl = () => {
  return `/companies`
}

/**
 * Whoever creates it becomes its first ADMIN. When nobody can say now who that is, the answer is 503 and nothing is kept.
 * @summary Create a company
 */
export const createCompany = (
  newCompany: NewCompany,
  options?: Parameters<typeof describeCall>[1],
) => {
  const getHeaders = (
    h?: NonNullable<RequestInit['headers']>,
  ): Record<string, string | readonly string[]> => {
    if (!h) return {}
    if (h instanceof Headers) return Object.fromEntries(h.entries())
    if (Symbol.iterator in h) {
      return Object.fromEntries(
        Array.from(
          h as Iterable<Iterable<string>>,
          (entry) => Array.from(entry) as [string, string],
        ),
      )
    }
    const headers: Record<string, string | readonly string[]> = {}
    for (const [name, value] of Object.entries<string | readonly string[] | undefined>(h)) {
      if (value !== undefined) headers[name] = value
    }
    return headers
  }
  return describeCall<createCompanyResponse>(getCreateCompanyUrl(), {
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...getHeaders(options?.headers) },
    body: JSON.stringify(newCompany),
  })
}

export type listCompaniesResponse200 = {
  data: CompanyPage
  status: 200
}

export type listCompaniesResponse400 = {
  data: Problem
  status: 400
}

export type listCompaniesResponse401 = {
  data: Problem
  status: 401
}

export type listCompaniesResponse500 = {
  data: Problem
  status: 500
}

export type listCompaniesResponse502 = {
  data: Problem
  status: 502
}

export type listCompaniesResponse503 = {
  data: Problem
  status: 503
}

export type listCompaniesResponse504 = {
  data: Problem
  status: 504
}

export type listCompaniesResponseSuccess = listCompaniesResponse200 & {
  headers: Record<string, string>
}
export type listCompaniesResponseError = (
  | listCompaniesResponse400
  | listCompaniesResponse401
  | listCompaniesResponse500
  | listCompaniesResponse502
  | listCompaniesResponse503
  | listCompaniesResponse504
) & {
  headers: Record<string, string>
}

export type listCompaniesResponse = listCompaniesResponseSuccess | listCompaniesResponseError

export const getListCompaniesUrl = (params?: ListCompaniesParams) => {
  const normalizedParams = new URLSearchParams()

  Object.entries(params || {}).forEach(([key, value]) => {
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : String(value))
    }
  })

  const stringifiedParams = normalizedParams.toString()

  return stringifiedParams.length > 0 ? `/companies?${stringifiedParams}` : `/companies`
}

/**
 * Newest first: those that are active, and for an operator all. With `mine=true` those of which you are a member now, active or not.
 * @summary Companies
 */
export const listCompanies = (
  params?: ListCompaniesParams,
  options?: Parameters<typeof describeCall>[1],
) => {
  return describeCall<listCompaniesResponse>(getListCompaniesUrl(params), {
    ...options,
    method: 'GET',
  })
}

export type getCompanyResponse200 = {
  data: Company
  status: 200
}

export type getCompanyResponse400 = {
  data: Problem
  status: 400
}

export type getCompanyResponse404 = {
  data: Problem
  status: 404
}

export type getCompanyResponse500 = {
  data: Problem
  status: 500
}

export type getCompanyResponse502 = {
  data: Problem
  status: 502
}

export type getCompanyResponse503 = {
  data: Problem
  status: 503
}

export type getCompanyResponse504 = {
  data: Problem
  status: 504
}

export type getCompanyResponseSuccess = getCompanyResponse200 & {
  headers: Record<string, string>
}
export type getCompanyResponseError = (
  | getCompanyResponse400
  | getCompanyResponse404
  | getCompanyResponse500
  | getCompanyResponse502
  | getCompanyResponse503
  | getCompanyResponse504
) & {
  headers: Record<string, string>
}

export type getCompanyResponse = getCompanyResponseSuccess | getCompanyResponseError

export const getGetCompanyUrl = (companyId: string) => {
  return `/companies/${encodeURIComponent(String(companyId))}`
}

/**
 * The company as it is now: its shop window, for everybody.
 * @summary A company
 */
export const getCompany = (companyId: string, options?: Parameters<typeof describeCall>[1]) => {
  return describeCall<getCompanyResponse>(getGetCompanyUrl(companyId), {
    ...options,
    method: 'GET',
  })
}

export type changeCompanyResponse200 = {
  data: Company
  status: 200
}

export type changeCompanyResponse400 = {
  data: Problem
  status: 400
}

export type changeCompanyResponse401 = {
  data: Problem
  status: 401
}

export type changeCompanyResponse403 = {
  data: Problem
  status: 403
}

export type changeCompanyResponse404 = {
  data: Problem
  status: 404
}

export type changeCompanyResponse413 = {
  data: Problem
  status: 413
}

export type changeCompanyResponse415 = {
  data: Problem
  status: 415
}

export type changeCompanyResponse422 = {
  data: Problem
  status: 422
}

export type changeCompanyResponse500 = {
  data: Problem
  status: 500
}

export type changeCompanyResponse502 = {
  data: Problem
  status: 502
}

export type changeCompanyResponse503 = {
  data: Problem
  status: 503
}

export type changeCompanyResponse504 = {
  data: Problem
  status: 504
}

export type changeCompanyResponseSuccess = changeCompanyResponse200 & {
  headers: Record<string, string>
}
export type changeCompanyResponseError = (
  | changeCompanyResponse400
  | changeCompanyResponse401
  | changeCompanyResponse403
  | changeCompanyResponse404
  | changeCompanyResponse413
  | changeCompanyResponse415
  | changeCompanyResponse422
  | changeCompanyResponse500
  | changeCompanyResponse502
  | changeCompanyResponse503
  | changeCompanyResponse504
) & {
  headers: Record<string, string>
}

export type changeCompanyResponse = changeCompanyResponseSuccess | changeCompanyResponseError

export const getChangeCompanyUrl = (companyId: string) => {
  return `/companies/${encodeURIComponent(String(companyId))}`
}

/**
 * For its ADMINs. What is left out stays as it is. A company that is not active offers nothing new.
 * @summary Change a company
 */
export const changeCompany = (
  companyId: string,
  companyChange: CompanyChange,
  options?: Parameters<typeof describeCall>[1],
) => {
  const getHeaders = (
    h?: NonNullable<RequestInit['headers']>,
  ): Record<string, string | readonly string[]> => {
    if (!h) return {}
    if (h instanceof Headers) return Object.fromEntries(h.entries())
    if (Symbol.iterator in h) {
      return Object.fromEntries(
        Array.from(
          h as Iterable<Iterable<string>>,
          (entry) => Array.from(entry) as [string, string],
        ),
      )
    }
    const headers: Record<string, string | readonly string[]> = {}
    for (const [name, value] of Object.entries<string | readonly string[] | undefined>(h)) {
      if (value !== undefined) headers[name] = value
    }
    return headers
  }
  return describeCall<changeCompanyResponse>(getChangeCompanyUrl(companyId), {
    ...options,
    method: 'PATCH',
    headers: { 'Content-Type': 'application/json', ...getHeaders(options?.headers) },
    body: JSON.stringify(companyChange),
  })
}

export type addMemberResponse201 = {
  data: Member
  status: 201
}

export type addMemberResponse400 = {
  data: Problem
  status: 400
}

export type addMemberResponse401 = {
  data: Problem
  status: 401
}

export type addMemberResponse403 = {
  data: Problem
  status: 403
}

export type addMemberResponse404 = {
  data: Problem
  status: 404
}

export type addMemberResponse409 = {
  data: Problem
  status: 409
}

export type addMemberResponse413 = {
  data: Problem
  status: 413
}

export type addMemberResponse415 = {
  data: Problem
  status: 415
}

export type addMemberResponse422 = {
  data: Problem
  status: 422
}

export type addMemberResponse500 = {
  data: Problem
  status: 500
}

export type addMemberResponse502 = {
  data: Problem
  status: 502
}

export type addMemberResponse503 = {
  data: Problem
  status: 503
}

export type addMemberResponse504 = {
  data: Problem
  status: 504
}

export type addMemberResponseSuccess = addMemberResponse201 & {
  headers: Record<string, string>
}
export type addMemberResponseError = (
  | addMemberResponse400
  | addMemberResponse401
  | addMemberResponse403
  | addMemberResponse404
  | addMemberResponse409
  | addMemberResponse413
  | addMemberResponse415
  | addMemberResponse422
  | addMemberResponse500
  | addMemberResponse502
  | addMemberResponse503
  | addMemberResponse504
) & {
  headers: Record<string, string>
}

export type addMemberResponse = addMemberResponseSuccess | addMemberResponseError

export const getAddMemberUrl = (companyId: string) => {
  return `/companies/${encodeURIComponent(String(companyId))}/members`
}

/**
 * For its ADMINs. The name and the address of the new member are kept as the user service tells them now. When it does not answer, the answer is 503 and nothing is kept.
 * @summary Let somebody act for a company
 */
export const addMember = (
  companyId: string,
  newMember: NewMember,
  options?: Parameters<typeof describeCall>[1],
) => {
  const getHeaders = (
    h?: NonNullable<RequestInit['headers']>,
  ): Record<string, string | readonly string[]> => {
    if (!h) return {}
    if (h instanceof Headers) return Object.fromEntries(h.entries())
    if (Symbol.iterator in h) {
      return Object.fromEntries(
        Array.from(
          h as Iterable<Iterable<string>>,
          (entry) => Array.from(entry) as [string, string],
        ),
      )
    }
    const headers: Record<string, string | readonly string[]> = {}
    for (const [name, value] of Object.entries<string | readonly string[] | undefined>(h)) {
      if (value !== undefined) headers[name] = value
    }
    return headers
  }
  return describeCall<addMemberResponse>(getAddMemberUrl(companyId), {
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...getHeaders(options?.headers) },
    body: JSON.stringify(newMember),
  })
}

export type listMembersResponse200 = {
  data: MemberPage
  status: 200
}

export type listMembersResponse400 = {
  data: Problem
  status: 400
}

export type listMembersResponse401 = {
  data: Problem
  status: 401
}

export type listMembersResponse403 = {
  data: Problem
  status: 403
}

export type listMembersResponse404 = {
  data: Problem
  status: 404
}

export type listMembersResponse500 = {
  data: Problem
  status: 500
}

export type listMembersResponse502 = {
  data: Problem
  status: 502
}

export type listMembersResponse503 = {
  data: Problem
  status: 503
}

export type listMembersResponse504 = {
  data: Problem
  status: 504
}

export type listMembersResponseSuccess = listMembersResponse200 & {
  headers: Record<string, string>
}
export type listMembersResponseError = (
  | listMembersResponse400
  | listMembersResponse401
  | listMembersResponse403
  | listMembersResponse404
  | listMembersResponse500
  | listMembersResponse502
  | listMembersResponse503
  | listMembersResponse504
) & {
  headers: Record<string, string>
}

export type listMembersResponse = listMembersResponseSuccess | listMembersResponseError

export const getListMembersUrl = (companyId: string, params?: ListMembersParams) => {
  const normalizedParams = new URLSearchParams()

  Object.entries(params || {}).forEach(([key, value]) => {
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : String(value))
    }
  })

  const stringifiedParams = normalizedParams.toString()

  return stringifiedParams.length > 0
    ? `/companies/${encodeURIComponent(String(companyId))}/members?${stringifiedParams}`
    : `/companies/${encodeURIComponent(String(companyId))}/members`
}

/**
 * For its members: everybody who is one now, by their ids.
 * @summary Who acts for a company
 */
export const listMembers = (
  companyId: string,
  params?: ListMembersParams,
  options?: Parameters<typeof describeCall>[1],
) => {
  return describeCall<listMembersResponse>(getListMembersUrl(companyId, params), {
    ...options,
    method: 'GET',
  })
}

export type removeMemberResponse200 = {
  data: Member
  status: 200
}

export type removeMemberResponse400 = {
  data: Problem
  status: 400
}

export type removeMemberResponse401 = {
  data: Problem
  status: 401
}

export type removeMemberResponse403 = {
  data: Problem
  status: 403
}

export type removeMemberResponse404 = {
  data: Problem
  status: 404
}

export type removeMemberResponse409 = {
  data: Problem
  status: 409
}

export type removeMemberResponse500 = {
  data: Problem
  status: 500
}

export type removeMemberResponse502 = {
  data: Problem
  status: 502
}

export type removeMemberResponse503 = {
  data: Problem
  status: 503
}

export type removeMemberResponse504 = {
  data: Problem
  status: 504
}

export type removeMemberResponseSuccess = removeMemberResponse200 & {
  headers: Record<string, string>
}
export type removeMemberResponseError = (
  | removeMemberResponse400
  | removeMemberResponse401
  | removeMemberResponse403
  | removeMemberResponse404
  | removeMemberResponse409
  | removeMemberResponse500
  | removeMemberResponse502
  | removeMemberResponse503
  | removeMemberResponse504
) & {
  headers: Record<string, string>
}

export type removeMemberResponse = removeMemberResponseSuccess | removeMemberResponseError

export const getRemoveMemberUrl = (companyId: string, userId: string) => {
  return `/companies/${encodeURIComponent(String(companyId))}/members/${encodeURIComponent(String(userId))}`
}

/**
 * For its ADMINs, and for the member, who may leave. The last ADMIN cannot go. A repeat answers the same as the first time.
 * @summary Let somebody act for a company no more
 */
export const removeMember = (
  companyId: string,
  userId: string,
  options?: Parameters<typeof describeCall>[1],
) => {
  return describeCall<removeMemberResponse>(getRemoveMemberUrl(companyId, userId), {
    ...options,
    method: 'DELETE',
  })
}

export type listCategoriesResponse200 = {
  data: CategoryTree
  status: 200
}

export type listCategoriesResponse400 = {
  data: Problem
  status: 400
}

export type listCategoriesResponse500 = {
  data: Problem
  status: 500
}

export type listCategoriesResponse502 = {
  data: Problem
  status: 502
}

export type listCategoriesResponse503 = {
  data: Problem
  status: 503
}

export type listCategoriesResponse504 = {
  data: Problem
  status: 504
}

export type listCategoriesResponseSuccess = listCategoriesResponse200 & {
  headers: Record<string, string>
}
export type listCategoriesResponseError = (
  | listCategoriesResponse400
  | listCategoriesResponse500
  | listCategoriesResponse502
  | listCategoriesResponse503
  | listCategoriesResponse504
) & {
  headers: Record<string, string>
}

export type listCategoriesResponse = listCategoriesResponseSuccess | listCategoriesResponseError

export const getListCategoriesUrl = () => {
  return `/categories`
}

/**
 * All of them, each after the one above it: at most 500, in at most 3 levels.
 * @summary The tree of categories
 */
export const listCategories = (options?: Parameters<typeof describeCall>[1]) => {
  return describeCall<listCategoriesResponse>(getListCategoriesUrl(), {
    ...options,
    method: 'GET',
  })
}

export type addCategoryResponse201 = {
  data: Category
  status: 201
}

export type addCategoryResponse400 = {
  data: Problem
  status: 400
}

export type addCategoryResponse401 = {
  data: Problem
  status: 401
}

export type addCategoryResponse403 = {
  data: Problem
  status: 403
}

export type addCategoryResponse404 = {
  data: Problem
  status: 404
}

export type addCategoryResponse409 = {
  data: Problem
  status: 409
}

export type addCategoryResponse413 = {
  data: Problem
  status: 413
}

export type addCategoryResponse415 = {
  data: Problem
  status: 415
}

export type addCategoryResponse422 = {
  data: Problem
  status: 422
}

export type addCategoryResponse500 = {
  data: Problem
  status: 500
}

export type addCategoryResponse502 = {
  data: Problem
  status: 502
}

export type addCategoryResponse503 = {
  data: Problem
  status: 503
}

export type addCategoryResponse504 = {
  data: Problem
  status: 504
}

export type addCategoryResponseSuccess = addCategoryResponse201 & {
  headers: Record<string, string>
}
export type addCategoryResponseError = (
  | addCategoryResponse400
  | addCategoryResponse401
  | addCategoryResponse403
  | addCategoryResponse404
  | addCategoryResponse409
  | addCategoryResponse413
  | addCategoryResponse415
  | addCategoryResponse422
  | addCategoryResponse500
  | addCategoryResponse502
  | addCategoryResponse503
  | addCategoryResponse504
) & {
  headers: Record<string, string>
}

export type addCategoryResponse = addCategoryResponseSuccess | addCategoryResponseError

export const getAddCategoryUrl = () => {
  return `/categories`
}

/**
 * It stays where it is for ever: offers keep the path to it.
 * @summary Add a category
 */
export const addCategory = (
  newCategory: NewCategory,
  options?: Parameters<typeof describeCall>[1],
) => {
  const getHeaders = (
    h?: NonNullable<RequestInit['headers']>,
  ): Record<string, string | readonly string[]> => {
    if (!h) return {}
    if (h instanceof Headers) return Object.fromEntries(h.entries())
    if (Symbol.iterator in h) {
      return Object.fromEntries(
        Array.from(
          h as Iterable<Iterable<string>>,
          (entry) => Array.from(entry) as [string, string],
        ),
      )
    }
    const headers: Record<string, string | readonly string[]> = {}
    for (const [name, value] of Object.entries<string | readonly string[] | undefined>(h)) {
      if (value !== undefined) headers[name] = value
    }
    return headers
  }
  return describeCall<addCategoryResponse>(getAddCategoryUrl(), {
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...getHeaders(options?.headers) },
    body: JSON.stringify(newCategory),
  })
}

export type renameCategoryResponse200 = {
  data: Category
  status: 200
}

export type renameCategoryResponse400 = {
  data: Problem
  status: 400
}

export type renameCategoryResponse401 = {
  data: Problem
  status: 401
}

export type renameCategoryResponse403 = {
  data: Problem
  status: 403
}

export type renameCategoryResponse404 = {
  data: Problem
  status: 404
}

export type renameCategoryResponse413 = {
  data: Problem
  status: 413
}

export type renameCategoryResponse415 = {
  data: Problem
  status: 415
}

export type renameCategoryResponse422 = {
  data: Problem
  status: 422
}

export type renameCategoryResponse500 = {
  data: Problem
  status: 500
}

export type renameCategoryResponse502 = {
  data: Problem
  status: 502
}

export type renameCategoryResponse503 = {
  data: Problem
  status: 503
}

export type renameCategoryResponse504 = {
  data: Problem
  status: 504
}

export type renameCategoryResponseSuccess = renameCategoryResponse200 & {
  headers: Record<string, string>
}
export type renameCategoryResponseError = (
  | renameCategoryResponse400
  | renameCategoryResponse401
  | renameCategoryResponse403
  | renameCategoryResponse404
  | renameCategoryResponse413
  | renameCategoryResponse415
  | renameCategoryResponse422
  | renameCategoryResponse500
  | renameCategoryResponse502
  | renameCategoryResponse503
  | renameCategoryResponse504
) & {
  headers: Record<string, string>
}

export type renameCategoryResponse = renameCategoryResponseSuccess | renameCategoryResponseError

export const getRenameCategoryUrl = (categoryId: string) => {
  return `/categories/${encodeURIComponent(String(categoryId))}`
}

/**
 * Only its name can change.
 * @summary Rename a category
 */
export const renameCategory = (
  categoryId: string,
  newCategoryName: NewCategoryName,
  options?: Parameters<typeof describeCall>[1],
) => {
  const getHeaders = (
    h?: NonNullable<RequestInit['headers']>,
  ): Record<string, string | readonly string[]> => {
    if (!h) return {}
    if (h instanceof Headers) return Object.fromEntries(h.entries())
    if (Symbol.iterator in h) {
      return Object.fromEntries(
        Array.from(
          h as Iterable<Iterable<string>>,
          (entry) => Array.from(entry) as [string, string],
        ),
      )
    }
    const headers: Record<string, string | readonly string[]> = {}
    for (const [name, value] of Object.entries<string | readonly string[] | undefined>(h)) {
      if (value !== undefined) headers[name] = value
    }
    return headers
  }
  return describeCall<renameCategoryResponse>(getRenameCategoryUrl(categoryId), {
    ...options,
    method: 'PATCH',
    headers: { 'Content-Type': 'application/json', ...getHeaders(options?.headers) },
    body: JSON.stringify(newCategoryName),
  })
}

export type getStandingResponse200 = {
  data: Standing
  status: 200
}

export type getStandingResponse400 = {
  data: Problem
  status: 400
}

export type getStandingResponse401 = {
  data: Problem
  status: 401
}

export type getStandingResponse404 = {
  data: Problem
  status: 404
}

export type getStandingResponse500 = {
  data: Problem
  status: 500
}

export type getStandingResponse502 = {
  data: Problem
  status: 502
}

export type getStandingResponse503 = {
  data: Problem
  status: 503
}

export type getStandingResponse504 = {
  data: Problem
  status: 504
}

export type getStandingResponseSuccess = getStandingResponse200 & {
  headers: Record<string, string>
}
export type getStandingResponseError = (
  | getStandingResponse400
  | getStandingResponse401
  | getStandingResponse404
  | getStandingResponse500
  | getStandingResponse502
  | getStandingResponse503
  | getStandingResponse504
) & {
  headers: Record<string, string>
}

export type getStandingResponse = getStandingResponseSuccess | getStandingResponseError

export const getGetStandingUrl = (companyId: string, params: GetStandingParams) => {
  const normalizedParams = new URLSearchParams()

  Object.entries(params || {}).forEach(([key, value]) => {
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : String(value))
    }
  })

  const stringifiedParams = normalizedParams.toString()

  return stringifiedParams.length > 0
    ? `/companies/${encodeURIComponent(String(companyId))}/standing?${stringifiedParams}`
    : `/companies/${encodeURIComponent(String(companyId))}/standing`
}

/**
 * For the booking service, not routed by the gateway: whether the company is active, what the user is there now, and where the category stands in the tree.
 * @summary What somebody may do for a company
 */
export const getStanding = (
  companyId: string,
  params: GetStandingParams,
  options?: Parameters<typeof describeCall>[1],
) => {
  return describeCall<getStandingResponse>(getGetStandingUrl(companyId, params), {
    ...options,
    method: 'GET',
  })
}

export type findManagersResponse200 = {
  data: ManagerAnswers
  status: 200
}

export type findManagersResponse400 = {
  data: Problem
  status: 400
}

export type findManagersResponse401 = {
  data: Problem
  status: 401
}

export type findManagersResponse413 = {
  data: Problem
  status: 413
}

export type findManagersResponse415 = {
  data: Problem
  status: 415
}

export type findManagersResponse500 = {
  data: Problem
  status: 500
}

export type findManagersResponse502 = {
  data: Problem
  status: 502
}

export type findManagersResponse503 = {
  data: Problem
  status: 503
}

export type findManagersResponse504 = {
  data: Problem
  status: 504
}

export type findManagersResponseSuccess = findManagersResponse200 & {
  headers: Record<string, string>
}
export type findManagersResponseError = (
  | findManagersResponse400
  | findManagersResponse401
  | findManagersResponse413
  | findManagersResponse415
  | findManagersResponse500
  | findManagersResponse502
  | findManagersResponse503
  | findManagersResponse504
) & {
  headers: Record<string, string>
}

export type findManagersResponse = findManagersResponseSuccess | findManagersResponseError

export const getFindManagersUrl = () => {
  return `/managers/many`
}

/**
 * For the booking service, not routed by the gateway. Each question is answered in its place, and for one company and moment always the same. A moment that is not over yet is answered 409 `too-early`: ask again.
 * @summary Who were the members of companies, many at once
 */
export const findManagers = (
  managerQuestions: ManagerQuestions,
  options?: Parameters<typeof describeCall>[1],
) => {
  const getHeaders = (
    h?: NonNullable<RequestInit['headers']>,
  ): Record<string, string | readonly string[]> => {
    if (!h) return {}
    if (h instanceof Headers) return Object.fromEntries(h.entries())
    if (Symbol.iterator in h) {
      return Object.fromEntries(
        Array.from(
          h as Iterable<Iterable<string>>,
          (entry) => Array.from(entry) as [string, string],
        ),
      )
    }
    const headers: Record<string, string | readonly string[]> = {}
    for (const [name, value] of Object.entries<string | readonly string[] | undefined>(h)) {
      if (value !== undefined) headers[name] = value
    }
    return headers
  }
  return describeCall<findManagersResponse>(getFindManagersUrl(), {
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...getHeaders(options?.headers) },
    body: JSON.stringify(managerQuestions),
  })
}

export type listCompanyActsResponse200 = {
  data: ActPage
  status: 200
}

export type listCompanyActsResponse400 = {
  data: Problem
  status: 400
}

export type listCompanyActsResponse401 = {
  data: Problem
  status: 401
}

export type listCompanyActsResponse403 = {
  data: Problem
  status: 403
}

export type listCompanyActsResponse500 = {
  data: Problem
  status: 500
}

export type listCompanyActsResponse502 = {
  data: Problem
  status: 502
}

export type listCompanyActsResponse503 = {
  data: Problem
  status: 503
}

export type listCompanyActsResponse504 = {
  data: Problem
  status: 504
}

export type listCompanyActsResponseSuccess = listCompanyActsResponse200 & {
  headers: Record<string, string>
}
export type listCompanyActsResponseError = (
  | listCompanyActsResponse400
  | listCompanyActsResponse401
  | listCompanyActsResponse403
  | listCompanyActsResponse500
  | listCompanyActsResponse502
  | listCompanyActsResponse503
  | listCompanyActsResponse504
) & {
  headers: Record<string, string>
}

export type listCompanyActsResponse = listCompanyActsResponseSuccess | listCompanyActsResponseError

export const getListCompanyActsUrl = (params?: ListCompanyActsParams) => {
  const normalizedParams = new URLSearchParams()

  Object.entries(params || {}).forEach(([key, value]) => {
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : String(value))
    }
  })

  const stringifiedParams = normalizedParams.toString()

  return stringifiedParams.length > 0 ? `/acts/company?${stringifiedParams}` : `/acts/company`
}

/**
 * Every request of an operator to this service, reads too, and what others did by a role: the deposits of tellers, where that is their task (`DEPOSITS_BY=teller`). Newest first. It is written down before anything is done.
 * @summary What people did by their roles
 */
export const listCompanyActs = (
  params?: ListCompanyActsParams,
  options?: Parameters<typeof describeCall>[1],
) => {
  return describeCall<listCompanyActsResponse>(getListCompanyActsUrl(params), {
    ...options,
    method: 'GET',
  })
}

export type searchCompanyResponse200 = {
  data: FoundThings
  status: 200
}

export type searchCompanyResponse400 = {
  data: Problem
  status: 400
}

export type searchCompanyResponse401 = {
  data: Problem
  status: 401
}

export type searchCompanyResponse403 = {
  data: Problem
  status: 403
}

export type searchCompanyResponse500 = {
  data: Problem
  status: 500
}

export type searchCompanyResponse502 = {
  data: Problem
  status: 502
}

export type searchCompanyResponse503 = {
  data: Problem
  status: 503
}

export type searchCompanyResponse504 = {
  data: Problem
  status: 504
}

export type searchCompanyResponseSuccess = searchCompanyResponse200 & {
  headers: Record<string, string>
}
export type searchCompanyResponseError = (
  | searchCompanyResponse400
  | searchCompanyResponse401
  | searchCompanyResponse403
  | searchCompanyResponse500
  | searchCompanyResponse502
  | searchCompanyResponse503
  | searchCompanyResponse504
) & {
  headers: Record<string, string>
}

export type searchCompanyResponse = searchCompanyResponseSuccess | searchCompanyResponseError

export const getSearchCompanyUrl = (params: SearchCompanyParams) => {
  const normalizedParams = new URLSearchParams()

  Object.entries(params || {}).forEach(([key, value]) => {
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : String(value))
    }
  })

  const stringifiedParams = normalizedParams.toString()

  return stringifiedParams.length > 0 ? `/search/company?${stringifiedParams}` : `/search/company`
}

/**
 * By the id of a company. An empty list says that this service has nothing like it.
 * @summary Find something by what you know of it
 */
export const searchCompany = (
  params: SearchCompanyParams,
  options?: Parameters<typeof describeCall>[1],
) => {
  return describeCall<searchCompanyResponse>(getSearchCompanyUrl(params), {
    ...options,
    method: 'GET',
  })
}
