import type { Connection } from '@darkroom/contracts/connection'
import { Show } from 'solid-js'
import { type FormProblem, fillLimits, findLimitProblems, type LimitTexts } from '../connection-form.ts'
import { formatLimits } from '../connection-words.ts'
import { TextField } from './text-field.tsx'

interface LimitFieldsProps {
  texts: LimitTexts
  /** Whether its calls are made at a provider, and not in the studio. */
  hasProvider: boolean
  /** Shown in an empty field. */
  placeholders?: LimitTexts | undefined
  problemOf: (field: FormProblem['field']) => string | undefined
  onInput: (change: Partial<LimitTexts>) => void
}

/** The two limits of a connection: what the studio works on at once, and what is open at the provider. */
export function LimitFields(props: LimitFieldsProps) {
  return (
    <>
      <TextField
        label="Works on at once"
        inputMode="numeric"
        unit="generations"
        value={props.texts.slots}
        placeholder={props.placeholders?.slots ?? ''}
        note="The others wait in the queue."
        problem={props.problemOf('slots')}
        onInput={slots => props.onInput({ slots })}
      />
      <Show when={props.hasProvider}>
        <TextField
          label="Open at the provider"
          inputMode="numeric"
          unit="calls at most"
          value={props.texts.openCalls}
          placeholder={props.placeholders?.openCalls ?? ''}
          note="Also those that wait in its queue. The others wait here, for a free place."
          problem={props.problemOf('openCalls')}
          onInput={openCalls => props.onInput({ openCalls })}
        />
      </Show>
    </>
  )
}

interface LimitDetailsProps {
  texts: LimitTexts
  /** The draft as the studio has it, with the default limits; undefined before. */
  connection: Connection | undefined
  onInput: (change: Partial<LimitTexts>) => void
}

/** The limits of a connection that is being added, folded away: most people keep the defaults. */
export function LimitDetails(props: LimitDetailsProps) {
  const problems = () => findLimitProblems(props.texts)
  const summary = () => {
    const { connection, texts } = props
    if (!connection || problems().length > 0) return 'Limits'
    const [slots, openCalls] = [Number(texts.slots), Number(texts.openCalls)]
    const limits = { slots: slots || connection.slots, maxOpenCalls: openCalls || connection.maxOpenCalls }
    return `Limits: ${formatLimits(limits)}`
  }
  return (
    <details class="more-fields">
      <summary>{summary()}</summary>
      <LimitFields
        texts={props.texts}
        hasProvider={true}
        placeholders={props.connection && fillLimits(props.connection)}
        problemOf={field => problems().find(problem => problem.field === field)?.message}
        onInput={props.onInput}
      />
    </details>
  )
}
