import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { servicesWithDatabase, type ServiceName } from '../../src/registry.ts'
import { secretNameOf } from '../../src/cluster/secrets.ts'
import { booksName } from './books.ts'

/**
 * The lists of services in files that are otherwise written by hand. Two comments stand around each
 * of them in the file, and what is between these is written by `npm run manifests`.
 */
const listFiles = ['20-postgres.yaml']

const secretKeys = ['owner-password', 'role', 'password']

const ofEach = (line: (name: ServiceName) => readonly string[]) => () =>
  servicesWithDatabase.flatMap(line)

/** The lines of each list, without the indentation, which is that of the comment before them. */
const lists: Readonly<Record<string, () => readonly string[]>> = {
  databases: ofEach((name) => [`\\set service ${name}`, '\\ir service.sql']),
  passwords: ofEach((name) => [
    '- secret:',
    `    name: ${secretNameOf(name)}`,
    '    items:',
    ...secretKeys.map((key) => `      - { key: ${key}, path: ${name}/${key} }`),
  ]),
  callers: () =>
    [...servicesWithDatabase, booksName].map(
      (name) => `- podSelector: { matchLabels: { app.kubernetes.io/name: ${name} } }`,
    ),
}

const marked =
  /^( *)((?:#|--) Written by `npm run manifests`, the (\w+):\n)[\s\S]*?(^ *(?:#|--) Written by hand again\.\n)/gm

const fillText = (text: string) =>
  text.replaceAll(marked, (_, indent: string, start: string, name: string, end: string) => {
    const list = lists[name]
    if (list === undefined) throw new Error(`there is no list of the ${name}`)
    return `${indent}${start}${list()
      .map((line) => `${indent}${line}\n`)
      .join('')}${end}`
  })

/** The texts of these files with their lists as they should be, by their names in k8s/. */
export const filledFiles = (root: string): [string, string][] =>
  listFiles.flatMap((name) => {
    const file = join(root, 'k8s', name)
    // Whoever has a Postgres elsewhere leaves its file out.
    return existsSync(file) ? [[name, fillText(readFileSync(file, 'utf8'))]] : []
  })
