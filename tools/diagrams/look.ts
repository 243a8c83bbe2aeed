import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Fonts that a viewer may have; Open Sans is what the text was measured with. */
const fontFamily = "'Open Sans', 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"

const ink = '#1f2328'
const line = '#59636e'
export const paper = '#ffffff'

/** How every picture looks: mermaid's own settings. */
export const mermaidConfig = {
  startOnLoad: false,
  securityLevel: 'strict',
  look: 'classic',
  theme: 'base',
  htmlLabels: false,
  deterministicIds: true,
  deterministicIDSeed: 'orderly',
  handDrawnSeed: 1,
  fontFamily,
  fontSize: 14,
  themeVariables: {
    fontFamily,
    fontSize: '14px',
    background: paper,
    primaryColor: '#ddf4ff',
    primaryBorderColor: '#0969da',
    primaryTextColor: ink,
    secondaryColor: '#f6f8fa',
    tertiaryColor: '#f6f8fa',
    lineColor: line,
    textColor: ink,
    actorBkg: '#ddf4ff',
    actorBorder: '#0969da',
    actorTextColor: ink,
    actorLineColor: '#afb8c1',
    signalColor: line,
    signalTextColor: ink,
    labelBoxBkgColor: '#f6f8fa',
    labelBoxBorderColor: '#8c959f',
    labelTextColor: ink,
    loopTextColor: ink,
    noteBkgColor: '#fff8c5',
    noteBorderColor: '#d4a72c',
    noteTextColor: ink,
    sequenceNumberColor: paper,
    clusterBkg: '#f6f8fa',
    clusterBorder: '#d0d7de',
    edgeLabelBackground: paper,
  },
  sequence: {
    htmlLabels: false,
    useMaxWidth: false,
    mirrorActors: false,
    diagramMarginX: 12,
    diagramMarginY: 8,
    actorMargin: 36,
    width: 118,
    height: 40,
    boxMargin: 8,
    noteMargin: 8,
    messageMargin: 30,
    actorFontSize: 15,
    actorFontWeight: 600,
    messageFontSize: 14,
    noteFontSize: 13,
    actorFontFamily: fontFamily,
    messageFontFamily: fontFamily,
    noteFontFamily: fontFamily,
  },
  flowchart: {
    htmlLabels: false,
    useMaxWidth: false,
    nodeSpacing: 36,
    rankSpacing: 48,
    wrappingWidth: 300,
  },
  state: { htmlLabels: false, useMaxWidth: false },
}

/** What mermaid has no setting for. Each rule is on a line of its own. */
export const extraCss = `
  .messageLine1 { stroke-dasharray: 4, 3 !important; }
  .loopLine { stroke: #8c959f !important; stroke-width: 1.25px !important; }
  .actor { stroke-width: 1.25px; }
  .loopText { font-weight: 700 !important; paint-order: stroke; stroke: #ffffff !important; stroke-width: 4px; stroke-linejoin: round; }
  .edgeLabel .background { fill: #ffffff !important; opacity: 1 !important; }
  .outer-path { fill: #59636e !important; stroke: #59636e !important; }
  .state-end { fill: #59636e !important; stroke: #59636e !important; }
  .remark rect { fill: #ffffff !important; stroke: #8c959f !important; stroke-dasharray: 3, 3; }
  .messageText { paint-order: stroke; stroke: #ffffff !important; stroke-width: 4px; stroke-linejoin: round; stroke-opacity: 0.75; }
`

export const inPagePath = fileURLToPath(new URL('in-page.js', import.meta.url))

const { version } = createRequire(import.meta.url)('mermaid/package.json') as { version: string }

/** Changes whenever what draws the pictures changes, so that old pictures are found. */
export const generatorVersion = `mermaid ${version}, style ${createHash('sha256')
  .update(JSON.stringify(mermaidConfig) + extraCss + readFileSync(inPagePath, 'utf8'))
  .digest('hex')
  .slice(0, 12)}`
