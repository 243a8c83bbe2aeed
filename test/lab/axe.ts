import axe from 'axe-core'
import type { Page } from 'playwright-core'

/** What axe finds on a page: rules that it breaks, and where. It should be empty. */
interface Finding {
  readonly id: string
  readonly nodes: readonly {
    readonly target: readonly string[]
    readonly failureSummary?: string
  }[]
}

export const axeFindings = async (page: Page): Promise<string[]> => {
  // The browser's own debugger may run it: the policy of the page does not hold for that.
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate<{ violations: Finding[] }>('axe.run(document)')
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(
      ({ target, failureSummary = '' }) => `${id} at ${target.join(' ')}: ${failureSummary}`,
    ),
  )
}
