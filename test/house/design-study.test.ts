import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { costOf } from '../../tools/diagrams/count.ts'
import { checkDocument, documentFiles, messageNames } from '../../tools/diagrams/documents.ts'
import { generatorVersion } from '../../tools/diagrams/look.ts'
import { filledPage, pagesWithPictures } from '../../tools/diagrams/pages.ts'
import { allPictures, read, root, studyFolder } from '../../tools/diagrams/pictures.ts'
import { whyStale } from '../../tools/diagrams/stamp.ts'
import { registry, serviceNames } from '../../src/registry.ts'
import { bookingEdges, offerEdges } from '../../src/services/booking/states.ts'
import { changeEdges, orderEdges } from '../../src/services/order/states.ts'
import { accountEdges } from '../../src/services/user/states.ts'

/**
 * The design study says what its pictures, contracts and code say. Only a browser can tell that
 * drawing again gives the same bytes: `npm run diagrams:check` checks that.
 */
const pictures = allPictures()
const contractFolder = join(root, studyFolder, 'contracts')

const pictureNamed = (name: string) => {
  const found = pictures.find((picture) => picture.name === name)
  if (!found) throw new Error(`there is no picture ${name}`)
  return found
}

describe('pictures', () => {
  it.each(pictures)('$name was drawn from the text beside it', ({ text, textPath, svgPath }) => {
    expect(read(textPath)).toBe(text)
    expect(whyStale(text, read(svgPath), generatorVersion)).toBeUndefined()
  })

  it('finds a changed text, an edited picture, an old generator and a missing stamp', () => {
    const { text, svgPath } = pictureNamed('1-order-paid')
    const svg = read(svgPath)
    expect(whyStale(`${text} `, svg, generatorVersion)).toContain('text was changed')
    expect(whyStale(text, svg.replace('APPROVED', 'REJECTED'), generatorVersion)).toContain(
      'edited',
    )
    expect(whyStale(text, svg, 'another')).toContain('drawn by')
    expect(whyStale(text, svg.replace(/^.*\n/, ''), generatorVersion)).toContain('no stamp')
  })

  it.each(pictures)('$name fits a page and keeps its texts in their boxes', ({ svgPath }) => {
    const svg = read(svgPath)
    expect(Number(/<svg[^>]* width="(\d+)"/.exec(svg)?.[1])).toBeLessThanOrEqual(1_100)
    expect(svg).not.toContain('foreignObject')
    const boxes = svg.matchAll(
      /<rect [^>]*width="([\d.]+)"[^>]*class="(?:note|actor)[^>]*>(.*?)<\/g>/g,
    )
    for (const [, width, content] of boxes) {
      for (const [, length] of (content ?? '').matchAll(/textLength="([\d.]+)"/g)) {
        expect(Number(length)).toBeLessThanOrEqual(Number(width))
      }
    }
  })

  it('uses one colour for each outcome, and no other', () => {
    const colours = ['46, 160, 67, 0.15', '219, 109, 40, 0.18', '130, 80, 223, 0.15']
    for (const { text } of pictures) {
      for (const [, colour] of text.matchAll(/rect rgba\((.+)\)/g))
        expect(colours).toContain(colour)
    }
  })

  it('draws a time-out, a refusal, a crash and a duplicate in every style', () => {
    for (const style of ['1', '2', '3', '4']) {
      const texts = pictures.filter(({ name }) => name.startsWith(`${style}-`))
      // Creating a user is the same in some styles, so they share one picture.
      const all = [...texts, pictureNamed('1-create-user')].map(({ text }) => text).join('\n')
      for (const failure of ['time-out', 'crash', 'duplicate']) {
        expect(all, `style ${style}`).toMatch(new RegExp(`opt .*${failure}`))
      }
      expect(all).toContain('REJECTED')
    }
  })
})

describe('pictures made from code', () => {
  it('show exactly the edges that each thing with states may take', () => {
    const edgesIn = (name: string) =>
      [...pictureNamed(name).text.matchAll(/^ +(\w+) --> (\w+): (.+)$/gm)].map(
        ([, from, to, when]) => ({ from, to, when }),
      )
    expect(edgesIn('order-states')).toEqual(orderEdges)
    expect(edgesIn('change-states')).toEqual(changeEdges)
    expect(edgesIn('account-states')).toEqual(accountEdges)
    expect(edgesIn('offer-states')).toEqual(offerEdges)
    expect(edgesIn('booking-states')).toEqual(bookingEdges)
  })

  it('show exactly the calls that the registry allows', () => {
    const { text } = pictureNamed('architecture')
    const calls = [...text.matchAll(/^ +(\w+) (?:==>|-\.->) (\w+)$/gm)].map(
      ([, from, to]) => `${from} calls ${to}`,
    )
    const allowed = serviceNames.flatMap((from) =>
      registry[from].upstreams.map((to) => `${from} calls ${to}`),
    )
    expect(calls.sort()).toEqual(allowed.sort())
  })
})

describe('pages', () => {
  it.each(pagesWithPictures())('%s shows the pictures and costs as they are', (page) => {
    expect(filledPage(page, read(page), pictures)).toBe(read(page))
  })

  it('shows every picture on some page', () => {
    const pages = pagesWithPictures().map(read).join('\n')
    for (const { name } of pictures) expect(pages).toContain(`<!-- picture: ${name} -->`)
  })

  it('has no broken link', () => {
    const anchorOf = (heading: string) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .trim()
        .replaceAll(/\s/g, '-')
    const anchorsOf = (text: string) =>
      [...text.matchAll(/^#+ (.+)$/gm)].map(([, h = '']) => anchorOf(h))
    const pages = [...pagesWithPictures(), `${studyFolder}/README.md`, `${studyFolder}/sources.md`]
    for (const page of new Set(pages)) {
      const withoutCode = read(page).replaceAll(/```[\s\S]*?```/g, '')
      for (const [, link = ''] of withoutCode.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^https?:/.test(link)) continue
        const [path = '', anchor = ''] = link.split('#')
        const target = path === '' ? page : join(dirname(page), path)
        expect(existsSync(join(root, target)), `${page} links to ${link}`).toBe(true)
        const anchors = ['', ...(target.endsWith('.md') ? anchorsOf(read(target)) : [])]
        expect(anchors, `${page} links to ${link}`).toContain(anchor)
      }
    }
  })
})

describe('costs', () => {
  const text = (...lines: string[]) => ['sequenceDiagram', ...lines].join('\n')

  it('counts messages, commits and broker writes of the run without failures', () => {
    const cost = costOf(
      text(
        'client->>order: POST /orders',
        'Note over order: commit: PENDING',
        'rect rgba(46, 160, 67, 0.15)',
        'order->>broker: publish OrderPlaced',
        'Note over broker: stored: event',
        'broker-->>order: confirm',
        'end',
        'order-->>client: 202 PENDING',
        'opt time-out',
        'rect rgba(130, 80, 223, 0.15)',
        'order-xbroker: publish OrderPlaced',
        'Note over order: commit: not counted',
        'end',
        'end',
        'client->>order: GET /orders/1',
        'Note over order: a remark',
        'order-->>client: 200 APPROVED',
        'Note over order: commit: nothing is due',
      ),
    )
    expect(cost).toEqual({
      messages: 6,
      commits: 2,
      brokerWrites: 1,
      messagesToAnswer: 4,
      commitsToAnswer: 1,
      messagesToDecision: 6,
      commitsToDecision: 1,
      brokerWritesToDecision: 1,
    })
  })

  it('refuses a scenario whose client is never told how it ended', () => {
    expect(() => costOf(text('client->>order: POST', 'order-->>client: 202 PENDING'))).toThrow(
      'answer',
    )
  })

  it('has the numbers that the pages use', () => {
    const of = (name: string) => costOf(pictureNamed(name).text)
    expect(of('1-order-paid')).toMatchObject({ messages: 6, commits: 5, commitsToAnswer: 4 })
    expect(of('4-order-paid')).toMatchObject({ messages: 6, commits: 5, commitsToAnswer: 3 })
    expect(of('3-order-paid')).toMatchObject({ messages: 16, commits: 7, brokerWrites: 3 })
  })
})

describe('contracts of the study', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'study-contracts-'))
    cpSync(contractFolder, folder, { recursive: true })
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('are valid, with an example for every message', async () => {
    const files = await documentFiles(contractFolder)
    expect(files).toHaveLength(4)
    for (const file of files) {
      const { complaints, examples } = await checkDocument(contractFolder, file)
      expect(complaints, file).toEqual([])
      // Redocly checks the examples of OpenAPI documents against their schemas.
      const events = await messageNames(contractFolder, file)
      expect(examples, file).toBe(file.endsWith('.asyncapi.yaml') ? events.length : 0)
    }
  })

  it.each([
    ['a reference that leads nowhere', '#/OrderApproved', '#/OrderAproved', "Can't resolve"],
    [
      'a channel that does not exist',
      "'#/channels/orders'",
      "'#/channels/odrers'",
      "Can't resolve",
    ],
    ['an unknown action', 'action: send', 'action: sned', 'action'],
    ['an unknown field', '    address: ', '    adress: ', 'adress'],
    ['an example with a wrong type', 'price: 15000', 'price: fifteen', 'must be integer'],
    ['an example without a field', '            email: masha@example.com\n', '', 'email'],
    [
      'an example with a field too many',
      'price: 15000',
      'price: 1\n            tip: 2',
      'additional',
    ],
  ])('find %s', async (_, from, to, complaint) => {
    const path = join(folder, '2-events.asyncapi.yaml')
    const document = readFileSync(path, 'utf8')
    expect(document).toContain(from)
    writeFileSync(path, document.replace(from, to))
    const { complaints } = await checkDocument(folder, '2-events.asyncapi.yaml')
    expect(complaints.join('\n')).toContain(complaint)
  })

  it('have every path of the services whose calls stay', () => {
    // The study is about orders: what other services alone call is not in it.
    const studied = ['user', 'billing', 'order']
    const pathsOf = (file: string) => {
      const { paths } = parse(read(file)) as {
        paths: Record<string, Record<string, { 'x-callers'?: readonly string[] }>>
      }
      const isStudied = ({ 'x-callers': callers }: { 'x-callers'?: readonly string[] }) =>
        callers === undefined || callers.some((name) => studied.includes(name))
      return Object.keys(paths).filter((path) => Object.values(paths[path] ?? {}).some(isStudied))
    }
    const calls = pathsOf(`${studyFolder}/contracts/2-calls.openapi.yaml`)
    const stay = studied.flatMap((name) => pathsOf(`openapi/${name}.yaml`))
    expect(new Set(calls)).toEqual(new Set(stay))
  })

  it('report an invalid schema', async () => {
    const path = join(folder, 'schemas.yaml')
    writeFileSync(path, readFileSync(path, 'utf8').replace('type: integer', 'type: integr'))
    const { complaints } = await checkDocument(folder, '2-events.asyncapi.yaml')
    expect(complaints).not.toEqual([])
  })

  it('name the same events as the pictures', async () => {
    const eventName = /\b(?:User|Account|Money|Order|Payment)[A-Z][a-z]+\b/g
    const eventsIn = (styles: string[]) => {
      const shown = pictures.filter(({ name }) => styles.some((style) => name.startsWith(style)))
      const names = shown.flatMap(({ text }) => [...text.matchAll(eventName)].map(([name]) => name))
      return [...new Set(names)].sort()
    }
    const inTwo = await messageNames(contractFolder, '2-events.asyncapi.yaml')
    expect(eventsIn(['2-'])).toEqual(inTwo)
    expect(eventsIn(['3-'])).toEqual(await messageNames(contractFolder, '3-events.asyncapi.yaml'))
    expect(eventsIn(['4-'])).toEqual(inTwo)
    expect(eventsIn(['4-'])).toEqual(await messageNames(contractFolder, '4-facts.openapi.yaml'))
  })
})
