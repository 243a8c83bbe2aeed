import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ContractViolation, createContractChecker, type ContractChecker } from './contract-check.ts'

/** A contract of its own, so that the reader sees each way to break one. */
const contract = `
openapi: 3.1.0
info: { title: Shelves, version: 1.0.0 }
paths:
  /shelves/{shelfId}:
    get:
      responses:
        '200':
          description: A shelf
          content: { application/json: { schema: { $ref: '#/components/schemas/Shelf' } } }
        '404':
          description: None
          content:
            application/problem+json:
              schema: { $ref: '#/components/schemas/Problem' }
              examples: { shelf-not-found: { value: { code: shelf-not-found } } }
    delete:
      responses:
        '204': { description: Gone }
        '200':
          description: Loosely declared
          content: { application/json: { schema: { type: object, properties: { id: { type: string } } } } }
  /shelves/first:
    get:
      responses:
        '200':
          description: A number
          content: { application/json: { schema: { type: integer, format: int64 } } }
components:
  schemas:
    Shelf:
      type: object
      additionalProperties: false
      required: [id, books]
      properties:
        id: { type: string, format: uuid }
        books:
          type: array
          items:
            type: object
            additionalProperties: false
            required: [title]
            properties: { title: { type: [string, 'null'] } }
    Problem:
      type: object
      additionalProperties: false
      required: [code]
      properties: { code: { type: string } }
`

const id = '019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978'
const shelf = { id, books: [{ title: 'Dead Souls' }, { title: null }] }
const json = { 'content-type': 'application/json; charset=UTF-8', 'x-request-id': 'r-1' }
const problem = { 'content-type': 'application/problem+json', 'x-request-id': 'r-1' }
const good = {
  method: 'GET',
  path: `/shelves/${id}?deep=1`,
  status: 200,
  headers: json,
  body: shelf,
}

describe('the contract checker', () => {
  let folder: string
  let checker: ContractChecker

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'contract-check-'))
    writeFileSync(join(folder, 'shelf.yaml'), contract)
    checker = createContractChecker(folder)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each([
    ['an answer as declared', {}],
    ['a declared refusal', { status: 404, headers: problem, body: { code: 'shelf-not-found' } }],
    ['an answer without a body', { method: 'DELETE', status: 204, body: undefined }],
    ['an answer to HEAD', { method: 'HEAD', body: undefined }],
    [
      'a refusal of HEAD',
      { method: 'HEAD', path: '/chairs', status: 404, headers: problem, body: undefined },
    ],
    ['a literal address before a parameter', { path: '/shelves/first', body: 7 }],
    [
      '404 for an unknown address',
      { path: '/chairs', status: 404, headers: problem, body: { code: 'not-found' } },
    ],
    [
      '405 with Allow for an unknown method',
      {
        method: 'PUT',
        status: 405,
        headers: { ...problem, allow: 'GET, DELETE' },
        body: { code: 'method-not-allowed' },
      },
    ],
    ['what a process says of itself', { path: '/healthz', headers: {}, body: { status: 'ok' } }],
  ])('accepts %s', (_what, part) => {
    expect(() => checker.check({ ...good, ...part })).not.toThrow()
  })

  it.each([
    [
      'an undeclared member',
      { body: { ...shelf, colour: 'red' } },
      /additional properties \(colour\)/,
    ],
    [
      'an undeclared member deep inside',
      { body: { id, books: [{ title: 'x', isbn: 1 }] } },
      /\/books\/0 .*\(isbn\)/,
    ],
    ['a missing member', { body: { id } }, /required property 'books'/],
    [
      'a wrong type',
      { body: { id, books: [{ title: 5 }] } },
      /\/books\/0\/title must be string,null/,
    ],
    ['a wrong format', { body: { ...shelf, id: 'seven' } }, /\/id must match format "uuid"/],
    ['a number that is not whole', { path: '/shelves/first', body: 7.5 }, /must be integer/],
    [
      'a code that is not declared for its status',
      { status: 404, headers: problem, body: { code: 'book-not-found' } },
      /has the code book-not-found, but declared are only shelf-not-found/,
    ],
    ['an undeclared status', { status: 201 }, /201 is not declared by shelf: only 200, 404/],
    [
      'another content type',
      { headers: { ...json, 'content-type': 'text/html' } },
      /is text\/html, not application\/json/,
    ],
    [
      'a refusal that is not a problem document',
      { status: 404, body: { code: 'x' } },
      /not application\/problem\+json/,
    ],
    ['a body where none is declared', { method: 'DELETE', status: 204 }, /declares none/],
    ['a body as the answer to HEAD', { method: 'HEAD' }, /which HEAD never has/],
    [
      'another content type for HEAD',
      { method: 'HEAD', headers: problem, body: undefined },
      /not application\/json/,
    ],
    [
      'an undeclared status of HEAD',
      { method: 'HEAD', status: 201, body: undefined },
      /201 is not/,
    ],
    [
      'no X-Request-Id',
      { headers: { 'content-type': 'application/json' } },
      /carries no X-Request-Id/,
    ],
    ['200 at an unknown address', { path: '/chairs' }, /in no contract, so it must answer 404/],
    [
      '405 without Allow',
      { method: 'PUT', status: 405, headers: problem, body: { code: 'x' } },
      /must say with Allow/,
    ],
    [
      'a schema that would accept anything',
      { method: 'DELETE', body: { id } },
      /accepts members that it does not name/,
    ],
  ])('refuses %s, and says what is wrong', (_what, part, message) => {
    const check = () => checker.check({ ...good, ...part })
    expect(check).toThrow(ContractViolation)
    expect(check).toThrow(message)
  })
})
