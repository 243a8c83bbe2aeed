import { Counter, Gauge } from 'prom-client'
import { createReading } from '../base/reading.ts'
import type { Metrics } from '../base/telemetry.ts'
import type { OpenRows } from './backlog.ts'

/** A saga table, as `createDueRows` gives it. */
export interface WatchedTable {
  readonly table: string
  readonly states: readonly string[]
  readonly backlog: () => Promise<readonly OpenRows[]>
}

/** All replicas look at one table. To add up what they say would be wrong. */
const sameForAll = 'Read from the table, so each replica tells the same: take max, not sum'

const most = (rows: readonly OpenRows[], figure: (row: OpenRows) => number | null) =>
  Math.max(0, ...rows.map((row) => figure(row) ?? 0))

/**
 * Gauges of what is open in the saga tables of a service. The tables are read when the metrics are
 * read, so requests pay nothing. While a table cannot be read, its gauges are missing, and one of
 * them says so: an alert cannot see what is not there.
 */
export const watchSagas = ({ registry }: Metrics, tables: readonly WatchedTable[]) => {
  const readings = tables.map(({ table: saga, states, backlog }) => ({
    saga,
    states,
    read: createReading(backlog),
  }))

  const addGauge = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    fill: (
      gauge: Gauge<Label>,
      rows: readonly OpenRows[],
      table: (typeof readings)[number],
    ) => void,
  ) => {
    const gauge: Gauge<Label> = new Gauge({
      name,
      help: `${help}. ${sameForAll}`,
      labelNames,
      registers: [registry],
      async collect() {
        const found = await Promise.all(readings.map(({ read }) => read()))
        this.reset()
        readings.forEach((table, index) => {
          const rows = found[index]
          if (rows !== undefined) fill(gauge, rows, table)
        })
      },
    })
  }

  new Gauge({
    name: 'saga_table_readable',
    help: 'Whether the table of a saga could be read for these figures: 1, or 0 when they are missing',
    labelNames: ['saga'],
    registers: [registry],
    async collect() {
      const found = await Promise.all(readings.map(({ read }) => read()))
      readings.forEach(({ saga }, index) => this.set({ saga }, found[index] === undefined ? 0 : 1))
    },
  })

  addGauge(
    'saga_open_rows',
    'Rows that wait for a decision or owe a letter, by state',
    ['saga', 'state'],
    (gauge, rows, { saga, states }) => {
      for (const state of states) gauge.set({ saga, state }, 0)
      for (const { state, openRows } of rows) gauge.set({ saga, state }, openRows)
    },
  )
  const addAge = (name: string, help: string, figure: (row: OpenRows) => number | null) =>
    addGauge(name, help, ['saga'], (gauge, rows, { saga }) =>
      gauge.set({ saga }, most(rows, figure)),
    )
  addAge(
    'saga_oldest_undecided_seconds',
    'For how long the oldest undecided row has waited; 0 when there is none',
    ({ undecidedSeconds }) => undecidedSeconds,
  )
  addAge(
    'saga_oldest_owed_letter_seconds',
    'For how long the oldest letter has been owed; 0 when none is',
    ({ letterSeconds }) => letterSeconds,
  )
  addAge(
    'recovery_lag_seconds',
    'For how long the row that is due longest has waited for recovery; 0 when none is due',
    ({ overdueSeconds }) => overdueSeconds,
  )
}

/** How a row may end: the state, and why where there is a why. */
export interface Ending {
  readonly state: string
  readonly reason?: string | null
}

/**
 * Counts decisions when they are made: to count final states in a table would be to read all of it.
 * Each ending that is possible is there from the start, at zero.
 */
export const createDecisionCounter = ({ registry }: Metrics) => {
  const counter = new Counter({
    name: 'saga_decisions_total',
    help: 'Decisions that this process stored, by the state that the row took, and why',
    labelNames: ['saga', 'state', 'reason'],
    registers: [registry],
  })
  const labelsOf = (saga: string, { state, reason }: Ending) => ({
    saga,
    state,
    reason: reason ?? '',
  })
  return (saga: string, endings: readonly Ending[]) => {
    for (const ending of endings) counter.inc(labelsOf(saga, ending), 0)
    return (ending: Ending) => counter.inc(labelsOf(saga, ending))
  }
}
