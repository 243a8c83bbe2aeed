/** @import { Letter } from './types.ts' */
/** @import { useList } from './asking.js' */
import { html } from './html.js'
import { Empty, Loading, Panel, Time, TroubleBox } from './parts.js'

/**
 * The letters about one thing, to be read where they are.
 * @param {{ letters: ReturnType<typeof useList<Letter>>, isOwed: boolean }} props
 */
export const LettersPanel = ({ letters: { items, trouble, reload }, isOwed }) =>
  html`<${Panel} id="about" title="Letters" kind="wide">
    <${TroubleBox} trouble=${trouble} onRetry=${reload} />
    ${items === undefined && trouble === undefined && html`<${Loading} lines=${2} />`}
    ${
      items?.length === 0 &&
      html`<${Empty} title=${isOwed ? 'A letter is on its way' : 'No letter yet'} />`
    }
    ${
      items !== undefined &&
      items.length > 0 &&
      html`<ul class="mail">
        ${items.map(
          ({ id, subject, body, createdAt }) =>
            html`<li key=${id}>
              <h3>${subject}</h3>
              <p>${body}</p>
              <p class="soft"><${Time} at=${createdAt} /></p>
            </li>`,
        )}
      </ul>`
    }
  </${Panel}>`
