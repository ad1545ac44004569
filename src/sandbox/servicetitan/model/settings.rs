//! Business units, technicians and tag types: read only here.

use serde::Serialize;
use serde_json::Number;

use crate::sandbox::servicetitan::external::{Datum, ExternalData};
use crate::sandbox::servicetitan::table::row;
use crate::sandbox::servicetitan::value::{Id, Instant, words};

/// A business unit row.
#[derive(Clone, Debug)]
pub(crate) struct BusinessUnit {
    pub(crate) id: Id,
    pub(crate) active: bool,
    pub(crate) name: String,
    pub(crate) tenant: Id,
    pub(crate) tenant_name: String,
    pub(crate) created_on: Instant,
    pub(crate) modified_on: Instant,
    pub(crate) external: ExternalData,
}
row!(BusinessUnit, active: active);

/// `BusinessUnitResponse`. Members without a value here are null.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BusinessUnitView<'a> {
    id: Id,
    active: bool,
    name: &'a str,
    official_name: Option<&'a str>,
    email: Option<()>,
    currency: Option<&'a str>,
    phone_number: Option<()>,
    invoice_header: Option<()>,
    invoice_message: Option<()>,
    default_tax_rate: Option<Number>,
    authorization_paragraph: Option<()>,
    acknowledgement_paragraph: Option<()>,
    address: Option<()>,
    material_sku: Option<()>,
    quickbooks_class: Option<()>,
    account_code: Option<()>,
    franchise_id: Option<()>,
    concept_code: Option<()>,
    corporate_contract_number: Option<()>,
    trade: Option<()>,
    division: Option<()>,
    tag_type_ids: Vec<Id>,
    tenant: TenantView<'a>,
    created_on: Instant,
    modified_on: Instant,
    external_data: &'a [Datum],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TenantView<'a> {
    id: Id,
    name: &'a str,
    account_code: Option<()>,
    franchise_id: Option<()>,
    concept_code: Option<()>,
    modified_on: Instant,
}

impl<'a> BusinessUnitView<'a> {
    pub(crate) fn new(unit: &'a BusinessUnit, external_data: &'a [Datum]) -> Self {
        Self {
            id: unit.id,
            active: unit.active,
            name: &unit.name,
            official_name: Some(&unit.name),
            email: None,
            currency: Some("USD"),
            phone_number: None,
            invoice_header: None,
            invoice_message: None,
            default_tax_rate: None,
            authorization_paragraph: None,
            acknowledgement_paragraph: None,
            address: None,
            material_sku: None,
            quickbooks_class: None,
            account_code: None,
            franchise_id: None,
            concept_code: None,
            corporate_contract_number: None,
            trade: None,
            division: None,
            tag_type_ids: Vec::new(),
            tenant: TenantView {
                id: unit.tenant,
                name: &unit.tenant_name,
                account_code: None,
                franchise_id: None,
                concept_code: None,
                modified_on: unit.created_on,
            },
            created_on: unit.created_on,
            modified_on: unit.modified_on,
            external_data,
        }
    }
}

words! {
    /// What a technician is doing.
    TechnicianStatus { Idle, Dispatched, Working, Meal }
}

/// A technician row.
#[derive(Clone, Debug)]
pub(crate) struct Technician {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) business_unit_id: Id,
    pub(crate) active: bool,
    pub(crate) created_on: Instant,
    pub(crate) modified_on: Instant,
}
row!(Technician, active: active, name: name);

/// `TechnicianResponse`. Members without a value here are null.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TechnicianView<'a> {
    id: Id,
    user_id: Id,
    name: &'a str,
    role_ids: Vec<Id>,
    business_unit_id: Option<Id>,
    main_zone_id: Option<()>,
    zone_ids: Vec<Id>,
    created_on: Instant,
    modified_on: Instant,
    email: Option<()>,
    phone_number: Option<()>,
    login_name: Option<()>,
    home: Option<()>,
    daily_goal: Number,
    is_managed_tech: bool,
    license_type: Option<()>,
    custom_fields: Vec<()>,
    active: bool,
    aad_user_id: Option<()>,
    burden_rate: Number,
    team: Option<()>,
    job_filter: Option<()>,
    permissions: Vec<()>,
    account_locked: Option<bool>,
    commission_rate: Number,
    current_value: Option<()>,
    first_name: Option<()>,
    last_name: Option<()>,
    hourly_rate: Number,
    job_id: Option<()>,
    mobile_phone: Option<()>,
    outbound_caller_id: Option<()>,
    payroll_id: Option<()>,
    payroll_profile_id: Option<()>,
    /// Spelled like this by the vendor.
    #[serde(rename = "appoitmentId")]
    appointment_id: Option<()>,
    shift_start: Option<()>,
    shift_end: Option<()>,
    sold_by_rate: Number,
    start_date: Option<()>,
    status: TechnicianStatus,
    skills: Vec<()>,
    positions: Vec<()>,
    location: Option<()>,
    bio: Option<()>,
    memo: Option<()>,
}

impl<'a> TechnicianView<'a> {
    pub(crate) fn new(technician: &'a Technician) -> Self {
        let nothing = || Number::from(0);
        Self {
            id: technician.id,
            user_id: technician.id,
            name: &technician.name,
            role_ids: Vec::new(),
            business_unit_id: Some(technician.business_unit_id),
            main_zone_id: None,
            zone_ids: Vec::new(),
            created_on: technician.created_on,
            modified_on: technician.modified_on,
            email: None,
            phone_number: None,
            login_name: None,
            home: None,
            daily_goal: nothing(),
            is_managed_tech: true,
            license_type: None,
            custom_fields: Vec::new(),
            active: technician.active,
            aad_user_id: None,
            burden_rate: nothing(),
            team: None,
            job_filter: None,
            permissions: Vec::new(),
            account_locked: Some(false),
            commission_rate: nothing(),
            current_value: None,
            first_name: None,
            last_name: None,
            hourly_rate: nothing(),
            job_id: None,
            mobile_phone: None,
            outbound_caller_id: None,
            payroll_id: None,
            payroll_profile_id: None,
            appointment_id: None,
            shift_start: None,
            shift_end: None,
            sold_by_rate: nothing(),
            start_date: None,
            status: TechnicianStatus::Idle,
            skills: Vec::new(),
            positions: Vec::new(),
            location: None,
            bio: None,
            memo: None,
        }
    }
}

words! {
    /// How much a tag matters.
    Importance { Medium, High }
}

/// A tag type row (`TagTypeResponse`).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the members of the wire, one for one"
)]
pub(crate) struct TagType {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) color: String,
    pub(crate) code: String,
    pub(crate) importance: Option<Importance>,
    pub(crate) is_conversion_opportunity: bool,
    pub(crate) allow_to_use_on_timesheet_activity: bool,
    pub(crate) is_visible_on_dispatch_board: bool,
    pub(crate) active: bool,
    pub(crate) created_on: Instant,
    pub(crate) modified_on: Instant,
}
row!(TagType, active: active);
