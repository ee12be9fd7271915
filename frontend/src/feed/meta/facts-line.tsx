import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { Show } from 'solid-js'
import { formatFacts } from '../../ui/format.ts'
import { formatCost } from '../../ui/money.ts'

/**
 * The facts of a generation in one line: model and settings at the left, time and money at the right. A long name of a model is cut, so
 * that nothing below moves when names and prices become known.
 */
export function FactsLine(props: { generation: Generation; model: Model | undefined }) {
  const facts = () => formatFacts(props.generation, props.model)
  return (
    <p class="facts" title={props.model?.note ?? undefined}>
      <span class="facts-model">{facts().settings[0]}</span>
      <span class="facts-settings">{['', ...facts().settings.slice(1)].join(' · ')}</span>
      <span class="facts-numbers">
        <Show when={facts().timeTaken}>{time => <span>{time()}</span>}</Show>
        <Show when={formatCost(props.generation, props.model)}>{cost => <span>{cost()}</span>}</Show>
      </span>
    </p>
  )
}
