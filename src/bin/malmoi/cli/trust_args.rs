//! Arguments on what is done about doubts: repair of results, and orders in sources.

use clap::{Args, ValueEnum};
use malmoi::{OnOrders, Repair};

/// Options of repair and of orders.
#[derive(Args)]
pub(super) struct TrustArgs {
    /// Results to write again, if a better attempt is found
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = RepairChoice::Auto)]
    pub repair: RepairChoice,
    /// What to do about sentences that give orders to a language model
    #[arg(long, value_enum, value_name = "ACTION", default_value_t = OrdersAction::Report)]
    pub on_orders: OrdersAction,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum RepairChoice {
    /// Those with a critical or major doubt
    Auto,
    /// None; a summary is then shown while it is written
    Off,
    /// Those with any doubt
    All,
}

impl From<RepairChoice> for Repair {
    fn from(choice: RepairChoice) -> Self {
        match choice {
            RepairChoice::Auto => Self::Auto,
            RepairChoice::Off => Self::Off,
            RepairChoice::All => Self::All,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum OrdersAction {
    /// Let the model read them, and report each
    Report,
    /// Leave them out of what the model reads, and report each
    Drop,
    /// Fail: an item of a batch, or the command
    Refuse,
}

impl From<OrdersAction> for OnOrders {
    fn from(action: OrdersAction) -> Self {
        match action {
            OrdersAction::Report => Self::Report,
            OrdersAction::Drop => Self::Drop,
            OrdersAction::Refuse => Self::Refuse,
        }
    }
}
