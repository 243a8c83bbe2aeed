import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { consoleFiles } from './console-files.ts'
import { pageWithLab } from './lab-link.ts'

const landing = readFileSync(new URL('pages/landing.html', import.meta.url), 'utf8')
const issuer = { url: 'http://localhost:8000/identity', isOwn: true, rolesClaim: 'roles' }

const consoleWith = (labUrl?: string) => {
  const page = consoleFiles(issuer, labUrl).find(({ path }) => path === '/console')
  return page?.fill?.(readFileSync(page.url, 'utf8'))
}

describe('the button of the lab', () => {
  it('is on the front page and in the console when there is a lab', () => {
    const shown = pageWithLab('http://localhost:8010/?a="b"', landing)
    expect(shown).toContain('href="http://localhost:8010/?a=&quot;b&quot;">Break it in the lab</a>')
    expect(consoleWith('http://localhost:8010')).toContain('data-lab="http://localhost:8010"')
  })

  it('is nowhere when there is none, and nothing of the lab is left', () => {
    expect(pageWithLab(undefined, landing)).not.toMatch(/\blab\b/i)
    expect(consoleWith()).toContain('data-lab=""')
  })
})
