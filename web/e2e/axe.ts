import axe from 'axe-core';
import type { Page } from 'playwright-core';

const SIZES = [
  { width: 1280, height: 900 },
  { width: 360, height: 740 },
] as const;

/** What axe-core finds wrong on a page, wide and narrow, light and dark; and where it is wider than its window. */
export async function flaws(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const size of SIZES) {
    await page.setViewportSize(size);
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      const seen = await flawsNow(page, colorScheme === 'dark' ? ['color-contrast'] : undefined);
      found.push(...seen.map((flaw) => `${size.width} px, ${colorScheme}: ${flaw}`));
    }
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > size.width) found.push(`${size.width} px: the page is ${width} wide`);
  }
  await page.setViewportSize(SIZES[0]);
  return found;
}

/** The same as the page is now, by some rules or by all. */
export async function flawsNow(page: Page, rules?: string[]): Promise<string[]> {
  // Not as a script element: the policy of the page (CSP) forbids what is put into it.
  await page.evaluate(`globalThis.axe || (() => { ${axe.source} })()`);
  return page.evaluate(
    async (runOnly) => {
      const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run(document, {
        runOnly,
      });
      return violations.map(
        ({ id, help, nodes }) => `${id} (${help}): ${nodes.map(({ html }) => html).join(' ')}`,
      );
    },
    rules ?? ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  );
}
