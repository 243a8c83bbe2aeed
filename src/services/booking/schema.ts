export { operatorActs } from '../../platform/database/operator-acts.ts'
