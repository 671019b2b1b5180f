import { subject } from '../../fixtures/find-my-way/cases.ts'
import { contract } from '../contract.ts'

contract(subject)
