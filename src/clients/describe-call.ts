import type { DescribedCall } from '../platform/calls/transport.ts'

/** What the generated code knows of a request; its only header is the content type of the body. */
interface GeneratedRequest {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

/**
 * Called by the generated code for every operation. A generated function only
 * describes a call, and nothing is sent before the description is given to a
 * transport: no client knows at import time where its service is.
 */
export const describeCall = <Answer>(
  path: string,
  { method = 'GET', headers, body }: GeneratedRequest,
): DescribedCall<Answer> => ({ method, path, headers, body })
