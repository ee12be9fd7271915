import type { Usage } from '@darkroom/contracts/history/usage'
import { type Accessor, createEffect, createSignal, on, onCleanup, onMount } from 'solid-js'
import { describeProblem } from '../request-error.ts'
import type { Month } from './month.ts'
import { fetchUsage } from './usage-api.ts'

/** Creates the usage of the shown month. It is read again when the month changes, and when the page is shown again. */
export function createUsageState(month: Accessor<Month>) {
  const [usage, setUsage] = createSignal<{ month: Month; usage: Usage } | null>(null)
  const [problem, setProblem] = createSignal<string | null>(null)
  let reads = 0

  /** Reads the usage. A response that a later read has overtaken is dropped. */
  async function refresh() {
    reads += 1
    const [read, wanted] = [reads, month()]
    try {
      const usage = await fetchUsage(wanted)
      if (read !== reads) return
      setUsage({ month: wanted, usage })
      setProblem(null)
    } catch (error) {
      if (read === reads) setProblem(describeProblem(error))
    }
  }

  const onVisibility = () => !document.hidden && void refresh()
  onMount(() => {
    document.addEventListener('visibilitychange', onVisibility)
    onCleanup(() => document.removeEventListener('visibilitychange', onVisibility))
  })
  createEffect(
    on(month, () => {
      setProblem(null)
      void refresh()
    }),
  )
  /** Returns the usage of the shown month; null until it was read. */
  const shown = () => {
    const read = usage()
    return read?.month === month() ? read.usage : null
  }
  return { usage: shown, problem, refresh }
}
