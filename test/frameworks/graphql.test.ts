import { subject } from '../../fixtures/graphql/cases.ts'
import { contract } from '../contract.ts'

contract(subject)
