import { freePort } from '../../src/local/postgres/free-port.ts'

export { freePort }

/** Several free ports, all different. */
export const freePorts = async (count: number): Promise<number[]> => {
  const ports: number[] = []
  while (ports.length < count) ports.push(await freePort())
  return ports
}
