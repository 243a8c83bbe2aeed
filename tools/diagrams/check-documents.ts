import { join } from 'node:path'
import { projectRoot } from '../run-tool.ts'
import { checkDocument, documentFiles } from './documents.ts'

/** `npm run study:check`: checks that the contracts of the design study are valid. */
const folder = join(projectRoot, 'docs/design-study/contracts')

const files = await documentFiles(folder)
if (files.length === 0) throw new Error('found no contract of the design study to check')
for (const { file, complaints, examples } of await Promise.all(
  files.map((file) => checkDocument(folder, file)),
)) {
  const what = examples > 0 ? `, ${examples} examples fit` : ''
  console.log(`${complaints.length === 0 ? 'valid' : 'wrong'}: ${file}${what}`)
  for (const complaint of complaints) console.error(`  ${complaint}`)
  if (complaints.length > 0) process.exitCode = 1
}
