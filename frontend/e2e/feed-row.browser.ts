import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { startTestStudio, type TestStudio } from '../../infra/testing/studio/test-studio.ts'
import { createAxe } from './axe.ts'
import { type MonitoredPage, openPage, startBrowser } from './browser.ts'
import { waitForFrames } from './page-probes.ts'
import { ROW_STATES, serveRowStates } from './row-states.ts'

const SIZES = [
  [1440, 900],
  [1024, 768],
  [390, 844],
  [320, 640],
] as const
const TABLET = { hasTouch: true, isMobile: true, viewport: { width: 1180, height: 820 } }
const DENSITIES = ['medium', 'large', 'small'] as const
/** Number of pages that are tried before stopped frames fail a test. */
const MAX_PAGES = 3

let studio: TestStudio & AsyncDisposable
let browser: Browser & AsyncDisposable

beforeAll(async () => {
  browser = await startBrowser()
  studio = await startTestStudio()
})

afterAll(async () => {
  await browser[Symbol.asyncDispose]()
  await studio[Symbol.asyncDispose]()
})

test('every row is as high as it is computed, at any width and density, and none overflows', async () => {
  for (const density of [...DENSITIES, 'touch'] as const) {
    // A touch tablet in both of its forms.
    const isTouch = density === 'touch'
    const openAgain = () => open(isTouch ? TABLET : {}, isTouch ? 'medium' : density)
    let opened = await openAgain()
    for (const [width, height] of isTouch ? SIZES.slice(0, 2) : SIZES) {
      const visited = await visitRows(opened, findOverflow, { openAgain, size: { width, height } })
      opened = visited.opened
      const { problems } = visited
      expect({ width, density, problems }).toEqual({ width, density, problems: [`${ROW_STATES.length} rows`] })
      expect(await opened.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    }
    expect(opened.pageErrors).toEqual([])
    await opened.page.context().close()
  }
})

test('uniform columns hold images of one ratio, and the text stands beside them', async () => {
  const { page } = await open()
  const panoramas = await showRow(page, 'ten panoramas')
  const boxes = await panoramas.locator('.tile').evaluateAll(tiles => tiles.map(tile => tile.getBoundingClientRect()))
  expect(new Set(boxes.map(box => `${box.width} ${box.height}`)).size).toBe(1)
  expect(new Set(boxes.map(box => box.top)).size).toBe(2)
  for (const prompt of ['ten panoramas', 'one square', 'mixed shapes']) {
    const row = await showRow(page, prompt)
    const [text, images] = [await row.locator('.note').boundingBox(), await row.locator('.pictures').boundingBox()]
    expect((text?.x ?? 0) - (images?.x ?? 0) - (images?.width ?? 0)).toBe(24)
    expect(text?.width).toBeGreaterThanOrEqual(280)
  }
  expect(await (await showRow(page, 'خوذة')).locator('.prompt > p').evaluate(p => getComputedStyle(p).direction)).toBe(
    'rtl',
  )
  await page.context().close()
})

test('a row is one tab stop: arrow keys go through images and actions, down to the controls of an image', async () => {
  const { page, pageErrors } = await open()
  const row = await showRow(page, 'the same chair in signal red')
  const stops = () =>
    page.locator('article').evaluateAll(rows => rows.map(one => one.querySelectorAll('[tabindex="0"]').length))
  expect(new Set(await stops())).toEqual(new Set([1]))
  await row.locator('[data-output-index="0"]').focus()
  const focusedName = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '')
  await page.keyboard.press('ArrowRight')
  expect(await focusedName()).toBe('Open picture 2 of 4: the same chair in signal red')
  await page.keyboard.press('ArrowDown')
  expect(await focusedName()).toBe('Select picture 2 of 4: the same chair in signal red')
  await page.keyboard.press('ArrowRight')
  expect(await focusedName()).toBe('More actions for picture 2 of 4: the same chair in signal red')
  await page.keyboard.press('ArrowRight')
  expect(await focusedName()).toBe('Favourite picture 2 of 4: the same chair in signal red')
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('End')
  expect(await focusedName()).toBe('More actions: the same chair in signal red')
  await page.keyboard.press('Enter')
  await page.getByRole('menuitem', { name: 'Copy prompt' }).waitFor()
  await page.keyboard.press('Escape')
  expect(await focusedName()).toBe('More actions: the same chair in signal red')
  expect(new Set(await stops())).toEqual(new Set([1]))
  await page.keyboard.press('Shift+Tab')
  expect(await row.evaluate(node => node.contains(document.activeElement))).toBe(false)
  await page.keyboard.press('Tab')
  expect(await focusedName()).toBe('More actions: the same chair in signal red')
  await page.keyboard.press('Home')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('an image that cannot be loaded is a placeholder, and is requested again once the browser is online', async () => {
  const { page } = await open({}, 'medium', /\/s-/)
  const row = await showRow(page, 'one square')
  const image = row.getByRole('button', { name: 'Open picture 1 of 1: one square' })
  await row.getByRole('button', { name: '(its preview could not be loaded)' }).waitFor()
  expect(await row.locator('img').count()).toBe(0)
  await page.unroute(/\/media\//)
  await serveRowStates(page)
  await page.evaluate(() => window.dispatchEvent(new Event('online')))
  await row.locator('img').waitFor()
  expect(await image.getAttribute('aria-label')).not.toContain('could not')
  const videos = await showRow(page, 'three lakes')
  expect(await videos.locator('.tile').count()).toBe(3)
  expect(await videos.locator('img').count()).toBe(2)
  expect(await videos.getByText('0:05').count()).toBe(3)
  await page.context().close()
})

test('says once why outputs are missing, what was billed, and how far a generation is', async () => {
  const { page } = await open()
  const gaps = await showRow(page, 'a set with gaps')
  expect(await gaps.locator('.tile').count()).toBe(4)
  expect(await gaps.getByText('The provider refused this one.').count()).toBe(1)
  await gaps.getByRole('button', { name: 'Get the missing 3' }).waitFor()
  await gaps.getByText('about $0.16').waitFor()
  await (await showRow(page, 'portrait of the mayor')).getByText('not billed', { exact: true }).waitFor()
  const running = await showRow(page, 'one dahlia')
  await running.getByRole('progressbar').waitFor()
  expect(await running.getByRole('progressbar').count()).toBe(1)
  await running.getByText('2 of 4 ready').waitFor()
  const left = running.locator('.time-left > *')
  const visible = await left.evaluateAll(
    texts => texts.filter(text => getComputedStyle(text).visibility === 'visible').length,
  )
  expect(visible).toBe(1)
  expect(await running.locator('.tile[data-state="pending"]').first().textContent()).toBe('')
  await page.context().close()
})

test('names every image and control by its prompt, and has no violation of axe, in both themes', async () => {
  for (const [colorScheme, viewport] of [
    ['dark', { width: 1440, height: 900 }],
    ['light', { width: 390, height: 844 }],
  ] as const) {
    const openAgain = () => open({ colorScheme, viewport, hasTouch: viewport.width < 640 })
    const opened = await openAgain()
    const { page } = opened
    for (const prompt of ['a set with gaps', 'portrait of the mayor']) {
      const row = await showRow(page, prompt)
      await row.locator('.tile, .panel').first().hover()
      const id = await row.getAttribute('data-generation-id')
      const { violations } = await createAxe(page).include(`article[data-generation-id="${id}"]`).analyze()
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))])).toEqual([])
    }
    const visited = await visitRows(opened, findUnnamed, { openAgain, size: viewport })
    expect(visited.problems).toEqual([`${ROW_STATES.length} rows`])
    await visited.opened.page.context().close()
  }
})

test('by touch only the favourite is on an image, large enough for a finger', async () => {
  const { page } = await open({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
  const row = await showRow(page, 'one square')
  // The controls of an image are code that is loaded after the first rows.
  await row.locator('.tile-favourite').waitFor()
  const targets = await row.locator('.tile :is(button, a)').evaluateAll(controls =>
    controls
      .filter(control => control.checkVisibility())
      .map(control => {
        const { width, height } = control.getBoundingClientRect()
        return [control.className, Math.min(width, height) >= 44]
      }),
  )
  expect(targets).toEqual([
    ['picture', true],
    ['on-picture tile-favourite', true],
  ])
  const menu = row.getByRole('button', { name: 'More actions' })
  expect((await menu.boundingBox())?.height).toBe(44)
  await menu.tap()
  await page.getByRole('menuitem', { name: 'Reuse' }).waitFor()
  await page.context().close()
  for (const density of ['medium', 'small']) {
    const { page: tablet } = await open(TABLET, density)
    const controls = await (await showRow(tablet, 'one square')).locator('.note :is(button, a)').all()
    const boxes = await Promise.all(controls.map(control => control.boundingBox()))
    expect(boxes.length).toBeGreaterThan(0)
    for (const box of boxes) expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(44)
    await tablet.context().close()
  }
})

test('a touch that stays selects an image, and a tap selects the next one then', async () => {
  const { page } = await open({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
  const row = await showRow(page, 'the same chair in signal red')
  const image = row.locator('[data-output-index="1"]')
  await image.dispatchEvent('pointerdown', { pointerType: 'touch', clientX: 10, clientY: 10 })
  await row.locator('.tile[data-selected="true"]').waitFor()
  await image.dispatchEvent('click')
  await row.getByRole('button', { name: 'Select picture 1 of 4' }).first().tap()
  expect(await row.locator('.tile[data-selected="true"]').count()).toBe(2)
  expect(await page.getByRole('dialog').count()).toBe(0)
  await page.context().close()
})

test('in a contact strip the whole prompt opens over the feed, by its line and by the menu, and no row changes', async () => {
  const { page } = await open({ permissions: ['clipboard-read', 'clipboard-write'] }, 'small')
  const row = await showRow(page, 'an old diving helmet')
  const height = (await row.boundingBox())?.height
  await row.locator('.prompt > p').click()
  const popover = page.getByRole('dialog', { name: /^Prompt: an old diving helmet/ })
  await popover.getByText('that nobody can read any more').waitFor()
  const { violations } = await createAxe(page).include('.prompt-popover').analyze()
  expect(violations.map(({ id }) => id)).toEqual([])
  // The feed scrolls by itself when it gets a new row.
  await page.evaluate(() => scrollBy(0, -60))
  await waitForFrames(page, 5)
  await page.keyboard.press('ArrowLeft')
  expect(await popover.evaluate(node => node.contains(document.activeElement))).toBe(true)
  await page.keyboard.press('Escape')
  await popover.waitFor({ state: 'detached' })
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toStartWith(
    'Open picture 1 of 4',
  )
  await row.locator('.note').getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: 'Show prompt' }).click()
  await popover.getByRole('button', { name: 'Copy prompt' }).click()
  await popover.waitFor({ state: 'detached' })
  await page.getByText('Prompt copied.').waitFor()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toEndWith('that nobody can read any more')
  await row.locator('.prompt > p').click()
  await popover.waitFor()
  await page.mouse.move(1_400, 450)
  await page.mouse.wheel(0, 1)
  await popover.waitFor({ state: 'detached' })
  expect((await row.boundingBox())?.height).toBe(height)
  await page.context().close()
})

test('the menu of a row stays at its button while the feed scrolls, and closes once that is out of view', async () => {
  const { page } = await open()
  const button = (await showRow(page, 'one square')).getByRole('button', { name: 'More actions: ' })
  await button.click()
  const distance = async () => {
    const [from, to] = [await button.boundingBox(), await page.getByRole('menu').boundingBox()]
    return (to?.y ?? 0) - (from?.y ?? 0)
  }
  const before = await distance()
  for (const by of [-40, 25]) {
    await page.evaluate(pixels => window.scrollBy({ top: pixels, behavior: 'instant' }), by)
    await waitForFrames(page)
    expect(await distance()).toBe(before)
  }
  await page.evaluate(() => window.scrollBy({ top: -2 * innerHeight, behavior: 'instant' }))
  await page.getByRole('menu').waitFor({ state: 'detached' })
  expect(await button.evaluate(element => element === document.activeElement)).toBe(true)
  await page.context().close()
})

test('who sends while scrolled up is told where the row went, and can go there', async () => {
  const { page } = await open()
  await showRow(page, 'ten panoramas')
  const prompt = page.getByRole('textbox', { name: 'Prompt' })
  await prompt.fill('a letter from above')
  await prompt.press('Enter')
  await page.getByText('It is at the end of the feed.').waitFor()
  await page.getByRole('button', { name: 'Go there' }).click()
  await page.getByRole('article').filter({ hasText: 'a letter from above' }).waitFor()
  await page.context().close()
})

async function open(options: BrowserContextOptions = {}, density = 'medium', broken?: RegExp): Promise<MonitoredPage> {
  const opened = await openPage(browser, 'about:blank', { reducedMotion: 'reduce', ...options })
  const { page } = opened
  await page.addInitScript(name => localStorage.setItem('darkroom.density', name), density)
  await serveRowStates(page, broken)
  await page.goto(studio.url)
  await page.getByRole('article').first().waitFor()
  await waitForFrames(page)
  return {
    page,
    get pageErrors() {
      return opened.pageErrors.filter(error => !error.startsWith('request to another host'))
    },
  }
}

/** Scrolls to the row of a prompt. */
async function showRow(page: Page, prompt: string): Promise<Locator> {
  const id = ROW_STATES.find(generation => generation.prompt.startsWith(prompt))?.id ?? ''
  await page.evaluate(hash => {
    location.hash = hash
  }, `#g=${id}`)
  const row = page.locator(`article[data-generation-id="${id}"]`)
  await row.waitFor()
  await waitForFrames(page)
  return row
}

/**
 * Scrolls through the feed at a size of the view, and collects what a function returns of every row in it.
 *
 * Once in some 50,000 frames on a busy machine, Chromium stops those of a page permanently: its compositor waits for a layer tree that is
 * never ready, whatever is sent to the page, and scripts go on. A page that is opened again has frames. Other projects have met it too.
 * @see https://github.com/dknauss/Sudo/pull/353
 */
async function visitRows(
  opened: MonitoredPage,
  find: (row: Element) => string[],
  { openAgain, size }: { openAgain: () => Promise<MonitoredPage>; size: { width: number; height: number } },
): Promise<{ opened: MonitoredPage; problems: string[] }> {
  let current = opened
  for (let pages = 1; ; pages += 1) {
    await current.page.setViewportSize(size)
    const problems = await tryToVisitRows(current.page, find)
    if (problems !== 'no-frames') return { opened: current, problems }
    if (pages === MAX_PAGES) throw new Error(`the frames of ${pages} pages have stopped`)
    process.stderr.write(`The frames of a page have stopped at ${size.width} px. It is opened again.\n`)
    expect(current.pageErrors).toEqual([])
    await current.page.context().close()
    current = await openAgain()
  }
}

async function tryToVisitRows(page: Page, find: (row: Element) => string[]): Promise<string[] | 'no-frames'> {
  // Not an argument of `evaluate`: that cannot be a function, and the page may not make one of a text.
  const collect = await page.evaluateHandle(`(${find})`)
  return await page.evaluate(async inspect => {
    /** Returns whether a frame comes within 20 s, not counting those in which the whole page stands still. */
    const waitForFrame = () =>
      new Promise<boolean>(resolve => {
        let [ticks, timer] = [0, 0]
        const end = (isFrame: boolean) => {
          clearInterval(timer)
          resolve(isFrame)
        }
        timer = window.setInterval(() => {
          ticks += 1
          if (ticks === 40) end(false)
        }, 500)
        requestAnimationFrame(() => end(true))
      })
    const problems = new Set<string>()
    const seen = new Set<string | undefined>()
    for (let top = document.documentElement.scrollHeight; top > -innerHeight; top -= innerHeight * 0.7) {
      scrollTo({ top, behavior: 'instant' })
      const passing = () => document.querySelectorAll('.passing > article').length
      for (let frame = 0; frame < 2 || passing() > 0; frame += 1) {
        // Within the time limit of the test, after which Bun ends the browser.
        if (frame === 900)
          throw new Error(`${passing()} rows of fast scrolling stay at ${scrollY} px, ${top} px asked for`)
        if (!(await waitForFrame())) return 'no-frames' as const
      }
      for (const row of document.querySelectorAll<HTMLElement>('.feed > article')) {
        seen.add(row.dataset.generationId)
        for (const problem of (inspect as (row: Element) => string[])(row)) problems.add(problem)
      }
    }
    return [`${seen.size} rows`, ...problems]
  }, collect)
}

/** Returns the parts of a row that reach beyond the space computed for them. */
function findOverflow(row: Element): string[] {
  const box = row.getBoundingClientRect()
  const note = row.querySelector('.note')?.getBoundingClientRect() ?? box
  const id = row.querySelector('.prompt')?.textContent?.slice(0, 24) ?? ''
  const isBeside = row.getAttribute('data-form') === 'beside'
  const reaches = (part: HTMLElement, limit: DOMRect) => {
    const { top, bottom, right, height } = part.getBoundingClientRect()
    return height > 0 && (top < limit.top - 0.5 || bottom > limit.bottom + 0.5 || right > limit.right + 0.5)
  }
  const texts = [...row.querySelectorAll<HTMLElement>('.note > :not(.menu-anchor)')]
  const outside = [
    ...[...row.querySelectorAll<HTMLElement>('.note, .pictures, .tile')].filter(part => reaches(part, box)),
    ...texts.filter(part => reaches(part, isBeside ? box : note)),
  ]
  const cut = [...row.querySelectorAll<HTMLElement>('.panel, .row-message, .row-actions')].filter(
    part => part.scrollHeight > part.clientHeight + 1 && getComputedStyle(part).whiteSpace !== 'nowrap',
  )
  return [
    ...outside.map(part => `${id}: ${part.className} is outside`),
    ...cut.map(part => `${id}: ${part.className} is cut off by ${part.scrollHeight - part.clientHeight}`),
  ]
}

/** Returns the images and controls of a row whose name does not contain its prompt's beginning. */
function findUnnamed(row: Element): string[] {
  const start = row.querySelector('.prompt > p')?.textContent?.slice(0, 20) ?? ''
  const names = [
    ...[...row.querySelectorAll('img:not(.row-parent img)')].map(image => image.getAttribute('alt') ?? ''),
    ...[...row.querySelectorAll('button')].map(button => button.getAttribute('aria-label') ?? button.textContent ?? ''),
  ]
  return names.filter(name => !name.includes(start)).map(name => `${start}: ${name}`)
}
