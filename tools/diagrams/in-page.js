/**
 * The part that runs in the browser's page, next to mermaid: draws a text, then
 * mends what would look wrong where the SVG is shown as an image.
 */
const svgNamespace = 'http://www.w3.org/2000/svg'

const removeUnused = (svg) => {
  for (const part of svg.querySelectorAll('symbol, marker')) {
    const source = svg.innerHTML
    const used = source.includes(`#${part.id})`) || source.includes(`"#${part.id}"`)
    if (!used) part.closest('defs')?.remove()
  }
}

/** What is written to disk is yellow; what is only remarked on is not. */
const tellRemarks = (svg) => {
  for (const note of svg.querySelectorAll('g[data-et="note"]')) {
    if (!/^(commit|stored):/.test(note.textContent.trim())) note.classList.add('remark')
  }
}

/** Without HTML labels mermaid puts the names of states at the left edge of their boxes. */
const centreStates = (svg) => {
  for (const label of svg.querySelectorAll('.statediagram-state > .label')) {
    const y = /,\s*([-\d.]+)\)/.exec(label.getAttribute('transform') ?? '')?.[1] ?? '0'
    label.setAttribute('transform', `translate(0, ${y})`)
    label.querySelector('text')?.setAttribute('text-anchor', 'middle')
  }
}

/**
 * A viewer without the font would draw wider or narrower text than the boxes
 * were made for: the measured length of each line is written down for it.
 */
const fixLengths = (svg) => {
  for (const text of svg.querySelectorAll('text')) {
    const rows = [...text.children].filter(({ tagName }) => tagName === 'tspan')
    for (const row of rows.length > 0 ? rows : [text]) {
      const length = row.getComputedTextLength()
      if (length < 2) continue
      row.setAttribute('textLength', length.toFixed(1))
      row.setAttribute('lengthAdjust', 'spacingAndGlyphs')
    }
  }
}

/** A picture has a size of its own, and a background that also suits a dark page. */
const fixSize = (svg, paper) => {
  const { x, y, width, height } = svg.viewBox.baseVal
  svg.setAttribute('width', String(Math.ceil(width)))
  svg.setAttribute('height', String(Math.ceil(height)))
  svg.removeAttribute('style')
  const background = document.createElementNS(svgNamespace, 'rect')
  const attributes = { x, y, width, height, rx: 6, fill: paper }
  for (const [name, value] of Object.entries(attributes)) {
    background.setAttribute(name, String(value))
  }
  svg.insertBefore(background, svg.querySelector('title')?.nextSibling ?? svg.firstChild)
}

globalThis.drawPicture = async ({ text, css, paper }) => {
  const { svg: drawn } = await globalThis.mermaid.render('picture', text)
  const stage = document.createElement('div')
  document.body.append(stage)
  stage.innerHTML = drawn
  const svg = stage.querySelector('svg')
  if (svg.querySelector('foreignObject')) throw new Error('HTML does not show in an image')
  // Before anything is measured, because bold text is wider.
  svg.querySelector('style').textContent += css
  removeUnused(svg)
  tellRemarks(svg)
  centreStates(svg)
  fixLengths(svg)
  fixSize(svg, paper)
  const xml = new XMLSerializer().serializeToString(svg)
  stage.remove()
  return xml
}

globalThis.preparePage = async (config) => {
  const fonts = ['400 14px "Open Sans"', '700 14px "Open Sans"']
  await Promise.all(fonts.map((font) => document.fonts.load(font)))
  globalThis.mermaid.initialize(config)
}
