import { subject } from '../../fixtures/feathers/cases.ts'
import { contract } from '../contract.ts'

contract(subject)
