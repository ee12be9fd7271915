import '../styles/usage.css'
import type { Usage } from '@darkroom/contracts/history/usage'
import { createMemo, Match, Switch } from 'solid-js'
import { PAGE_ADDRESSES } from '../pages/page-address.ts'
import { PageHeading } from '../pages/page-heading.tsx'
import type { PageProps } from '../pages/page-props.ts'
import { replaceAddress } from '../pages/page-route.ts'
import { describeProblem } from '../request-error.ts'
import { createCoarseClock } from '../ui/coarse-clock.ts'
import { Icon } from '../ui/icons.tsx'
import { formatMonth, getMonth, type Month, parseMonth } from './month.ts'
import { MonthChooser } from './month-chooser.tsx'
import { createNames } from './names.ts'
import { downloadUsage } from './usage-api.ts'
import { UsageReport } from './usage-report.tsx'
import { createUsageState } from './usage-state.ts'

/** The page Usage: what the calls of a month cost. Its address has the month, but for the present one. */
export default function UsagePage(props: PageProps) {
  const now = createCoarseClock(props.studio.clock)
  const present = createMemo(() => getMonth(now()))
  const month = createMemo(() => parseMonth(props.rest, present()))
  const { usage, problem, refresh } = createUsageState(month)
  const names = createMemo(() => createNames(props.studio.modelsById()))

  function selectMonth(selected: Month) {
    replaceAddress(selected === present() ? PAGE_ADDRESSES.usage : `${PAGE_ADDRESSES.usage}/${selected}`)
  }

  async function download() {
    try {
      await downloadUsage(month())
    } catch (error) {
      props.studio.notices.notify(describeProblem(error))
    }
  }

  return (
    <main class="usage-page">
      <PageHeading title="Usage" onLeave={props.onLeave} />
      <div class="usage-tools">
        <MonthChooser month={month()} present={present()} onSelect={selectMonth} />
        <button type="button" class="chip usage-csv" onClick={() => void download()}>
          <Icon name="download" /> CSV
        </button>
      </div>
      <Switch fallback={<p class="usage-message late-notice">Reading the usage…</p>}>
        <Match when={problem()}>
          {message => (
            <div class="usage-message" role="alert">
              <p>{message()}</p>
              <button type="button" class="solid" onClick={() => void refresh()}>
                Try again
              </button>
            </div>
          )}
        </Match>
        <Match when={usage()}>
          {read => <UsageReport usage={read()} month={month()} present={present()} now={now()} names={names()} />}
        </Match>
      </Switch>
      <p class="unseen" role="status">
        {describeStatus(month(), usage())}
      </p>
    </main>
  )
}

/** Returns the announcement of a month that was read. */
function describeStatus(month: Month, usage: Usage | null): string {
  return usage === null ? '' : `${formatMonth(month)} is shown.`
}
